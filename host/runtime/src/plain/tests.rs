//! Conversions over types and values that nobody chose.

use proptest::prelude::*;
use serde_json::{Value, json};
use wasmtime::component::Val;

use super::json::{from_val, to_members, to_val};
use super::schema::schema;
use super::types::{Integer, ResultType, ValueType};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("n{index}")).collect()
}

fn named<T>(types: Vec<T>) -> Vec<(String, T)> {
    names(types.len()).into_iter().zip(types).collect()
}

fn any_type() -> impl Strategy<Value = ValueType> {
    let integers = [
        Integer::S8,
        Integer::U8,
        Integer::S16,
        Integer::U16,
        Integer::S32,
        Integer::U32,
        Integer::S64,
        Integer::U64,
    ];
    let leaf = prop_oneof![
        Just(ValueType::Bool),
        prop::sample::select(integers.to_vec()).prop_map(ValueType::Integer),
        Just(ValueType::F32),
        Just(ValueType::F64),
        Just(ValueType::Char),
        Just(ValueType::String),
        Just(ValueType::Bytes),
        (1..4_usize).prop_map(|count| ValueType::Enum(names(count))),
        (1..4_usize).prop_map(|count| ValueType::Flags(names(count))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let several = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            // A list of bytes is the type of its own.
            inner
                .clone()
                .prop_filter("bytes", |of| *of != ValueType::Integer(Integer::U8))
                .prop_map(|of| ValueType::List(Box::new(of))),
            several().prop_map(|types| ValueType::Record(named(types))),
            several().prop_map(ValueType::Tuple),
            prop::collection::vec(prop::option::of(inner.clone()), 1..4)
                .prop_map(|types| ValueType::Variant(named(types))),
            boxed().prop_map(ValueType::Option),
            (prop::option::of(boxed()), prop::option::of(boxed()))
                .prop_map(|(ok, err)| ValueType::Result(ResultType { ok, err })),
        ]
    })
}

/// A value that may come with a case.
fn payload(of: Option<ValueType>) -> BoxedStrategy<Option<Box<Val>>> {
    match of {
        Some(of) => value_of(of).prop_map(|val| Some(Box::new(val))).boxed(),
        None => Just(None).boxed(),
    }
}

fn value_of(of: ValueType) -> BoxedStrategy<Val> {
    match of {
        ValueType::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        ValueType::Integer(of) => match of {
            Integer::S8 => any::<i8>().prop_map(Val::S8).boxed(),
            Integer::U8 => any::<u8>().prop_map(Val::U8).boxed(),
            Integer::S16 => any::<i16>().prop_map(Val::S16).boxed(),
            Integer::U16 => any::<u16>().prop_map(Val::U16).boxed(),
            Integer::S32 => any::<i32>().prop_map(Val::S32).boxed(),
            Integer::U32 => any::<u32>().prop_map(Val::U32).boxed(),
            Integer::S64 => any::<i64>().prop_map(Val::S64).boxed(),
            Integer::U64 => any::<u64>().prop_map(Val::U64).boxed(),
        },
        ValueType::F32 => prop::num::f32::ANY.prop_map(Val::Float32).boxed(),
        ValueType::F64 => prop::num::f64::ANY.prop_map(Val::Float64).boxed(),
        ValueType::Char => any::<char>().prop_map(Val::Char).boxed(),
        ValueType::String => any::<String>().prop_map(Val::String).boxed(),
        ValueType::Bytes => prop::collection::vec(any::<u8>().prop_map(Val::U8), 0..6)
            .prop_map(Val::List)
            .boxed(),
        ValueType::List(of) => prop::collection::vec(value_of(*of), 0..4)
            .prop_map(Val::List)
            .boxed(),
        ValueType::Record(fields) => fields
            .into_iter()
            .map(|(name, of)| (Just(name), value_of(of)))
            .collect::<Vec<_>>()
            .prop_map(Val::Record)
            .boxed(),
        ValueType::Tuple(types) => types
            .into_iter()
            .map(value_of)
            .collect::<Vec<_>>()
            .prop_map(Val::Tuple)
            .boxed(),
        ValueType::Variant(cases) => prop::sample::select(cases)
            .prop_flat_map(|(name, of)| (Just(name), payload(of)))
            .prop_map(|(name, payload)| Val::Variant(name, payload))
            .boxed(),
        ValueType::Enum(names) => prop::sample::select(names).prop_map(Val::Enum).boxed(),
        ValueType::Option(of) => prop_oneof![
            Just(Val::Option(None)),
            value_of(*of).prop_map(|val| Val::Option(Some(Box::new(val)))),
        ]
        .boxed(),
        ValueType::Result(ResultType { ok, err }) => prop_oneof![
            payload(ok.map(|of| *of)).prop_map(|val| Val::Result(Ok(val))),
            payload(err.map(|of| *of)).prop_map(|val| Val::Result(Err(val))),
        ]
        .boxed(),
        ValueType::Flags(names) => prop::sample::subsequence(names.clone(), 0..=names.len())
            .prop_map(Val::Flags)
            .boxed(),
    }
}

proptest! {
    #[test]
    fn a_value_that_became_json_text_becomes_the_same_value(
        (of, val) in any_type().prop_flat_map(|of| (Just(of.clone()), value_of(of)))
    ) {
        let text = from_val(&of, &val).expect("a value of its type").to_string();
        let read: Value = serde_json::from_str(&text).expect("JSON");
        let back = to_val(&of, &read).map_err(|misfit| misfit.to_string());
        prop_assert_eq!(back, Ok(val), "{}", text);
    }

    #[test]
    fn no_json_makes_a_conversion_panic(
        of in any_type(),
        text in r#"(null|true|-?[0-9]{1,30}|[0-9]e[0-9]{1,3}|"[a-z0-9=]{0,4}"|\[(1|"n0")?\]|\{"n0":(1|null)\})"#,
    ) {
        if let Ok(value) = serde_json::from_str::<Value>(&text)
            && let Ok(val) = to_val(&of, &value)
        {
            prop_assert!(from_val(&of, &val).is_some());
        }
    }
}

fn shape() -> ValueType {
    ValueType::Variant(vec![
        ("circle".to_owned(), Some(ValueType::F64)),
        ("none".to_owned(), None),
    ])
}

fn misfit(of: &ValueType, value: &Value) -> String {
    to_val(of, value).expect_err("it fits").to_string()
}

#[test]
fn a_misfit_says_where_it_is() {
    let of = ValueType::Record(vec![
        ("shapes".to_owned(), ValueType::List(Box::new(shape()))),
        (
            "note".to_owned(),
            ValueType::Option(Box::new(ValueType::String)),
        ),
    ]);
    let wrong = json!({"shapes": [{"circle": 1}, {"circle": "big"}]});
    assert_eq!(misfit(&of, &wrong), "at `shapes/1/circle`: it is no number");
    assert_eq!(misfit(&of, &json!({})), "`shapes` is missing");
    assert_eq!(
        misfit(&of, &json!({"shapes": [], "x": 1})),
        "there is no `x`"
    );
    let unknown = json!({"shapes": ["square"]});
    assert_eq!(misfit(&of, &unknown), "at `shapes/0`: there is no `square`");
    let empty = json!({"shapes": ["circle"]});
    assert!(misfit(&of, &empty).contains("nothing comes with `circle`"));
}

#[test]
fn large_integers_are_text_and_small_ones_numbers() {
    let of = ValueType::Integer(Integer::U64);
    assert_eq!(
        from_val(&of, &Val::U64((1 << 53) - 1)),
        Some(json!(9_007_199_254_740_991_u64))
    );
    assert_eq!(
        from_val(&of, &Val::U64(1 << 53)),
        Some(json!("9007199254740992"))
    );
    assert_eq!(
        to_val(&of, &json!("18446744073709551615")),
        Ok(Val::U64(u64::MAX))
    );
    assert!(misfit(&of, &json!("18446744073709551616")).contains("beyond `u64`"));
    assert!(misfit(&of, &json!(-1)).contains("beyond `u64`"));
    let of = ValueType::Integer(Integer::U8);
    assert_eq!(to_val(&of, &json!(3.0)), Ok(Val::U8(3)));
    assert_eq!(misfit(&of, &json!(3.5)), "it is no integer");
}

#[test]
fn an_option_that_is_left_out_is_none_and_one_within_another_is_told_apart() {
    let inner = ValueType::Option(Box::new(ValueType::Bool));
    let fields = [("a".to_owned(), inner.clone())];
    let absent = to_members(&fields, &serde_json::Map::new());
    assert_eq!(absent, Ok(vec![("a".to_owned(), Val::Option(None))]));
    let of = ValueType::Option(Box::new(inner));
    let some_none = Val::Option(Some(Box::new(Val::Option(None))));
    assert_eq!(from_val(&of, &Val::Option(None)), Some(json!(null)));
    assert_eq!(from_val(&of, &some_none), Some(json!({"some": null})));
}

#[test]
fn a_variant_is_shown_to_agents_as_one_of_its_cases() {
    let expected = json!({"oneOf": [
        {"type": "string", "enum": ["none"]},
        {
            "type": "object",
            "properties": {"circle": {"anyOf": [
                {"type": "number"},
                {"enum": ["NaN", "Infinity", "-Infinity"]},
            ]}},
            "required": ["circle"],
            "additionalProperties": false,
        },
    ]});
    assert_eq!(schema(&shape()), expected);
}
