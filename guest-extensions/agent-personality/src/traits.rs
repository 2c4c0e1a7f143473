//! Changes to the traits of a personality.

use koi_extension::prelude::*;
use serde_json::{Map, Value};

use crate::behaviour::Behaviour;
use crate::profile::{
    MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, MAX_TRAITS, PersonalityProfile, PersonalityTrait,
};

/// Gives a trait a value, or changes it altogether, and adds it if it is new.
///
/// What is given is a change of the trait if it is an object with `value` or `is_callable` and
/// otherwise only `name`, `description` and `type`; members that are left out stay as they are. All
/// else is the trait's value.
///
/// # Errors
/// `invalid-input` says what is wrong with the trait.
pub fn set(profile: &mut PersonalityProfile, agent: &str, name: &str, given: Value) -> Result<()> {
    let position = profile.traits.iter().position(|known| known.name == name);
    let mut changed = match position {
        Some(position) => profile.traits[position].clone(),
        None => PersonalityTrait::new(name, format!("{name} trait for {agent}")),
    };
    match given {
        Value::Object(members) if is_change(&members) => change(&mut changed, members)?,
        value => {
            changed.kind = kind(&value, changed.is_callable).into();
            changed.value = value;
        }
    }
    check(&changed)?;
    match position {
        Some(position) => profile.traits[position] = changed,
        None if profile.traits.len() < MAX_TRAITS => profile.traits.push(changed),
        None => {
            return Err(Error::invalid_input(format!(
                "a personality has at most {MAX_TRAITS} traits: remove others before `{name}` \
                 is added"
            )));
        }
    }
    Ok(())
}

fn is_change(members: &Map<String, Value>) -> bool {
    const MEMBERS: [&str; 5] = ["name", "description", "type", "value", "is_callable"];
    (members.contains_key("value") || members.contains_key("is_callable"))
        && members
            .keys()
            .all(|member| MEMBERS.contains(&member.as_str()))
}

fn change(changed: &mut PersonalityTrait, mut members: Map<String, Value>) -> Result<()> {
    let name = changed.name.clone();
    let misfit = |member: &str, wanted: &str| {
        Error::invalid_input(format!(
            "`{member}` of the trait `{name}` has to be {wanted}"
        ))
    };
    if members
        .get("name")
        .is_some_and(|given| *given != *changed.name)
    {
        return Err(misfit("name", "the name under which the trait is given"));
    }
    if let Some(value) = members.remove("value") {
        changed.value = value;
    }
    if let Some(callable) = members.get("is_callable") {
        changed.is_callable = callable
            .as_bool()
            .ok_or_else(|| misfit("is_callable", "true or false"))?;
    }
    if let Some(description) = members.get("description") {
        changed.description = description
            .as_str()
            .ok_or_else(|| misfit("description", "text"))?
            .into();
    }
    changed.kind = match members.get("type") {
        Some(kind) => kind.as_str().ok_or_else(|| misfit("type", "text"))?,
        None => kind(&changed.value, changed.is_callable),
    }
    .into();
    Ok(())
}

/// The type of a value as nodes written in Python call it.
fn kind(value: &Value, is_callable: bool) -> &'static str {
    match value {
        _ if is_callable => "function",
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// The bounds of the schema, before the pipeline refuses the whole personality for them.
fn check(changed: &PersonalityTrait) -> Result<()> {
    for (what, text, limit) in [
        ("name", &changed.name, MAX_NAME_CHARS),
        ("type", &changed.kind, MAX_NAME_CHARS),
        ("description", &changed.description, MAX_DESCRIPTION_CHARS),
    ] {
        if text.chars().count() > limit {
            return Err(Error::invalid_input(format!(
                "the {what} of the trait `{:.40}` has more than {limit} characters",
                changed.name
            )));
        }
    }
    if changed.name.is_empty() {
        return Err(Error::invalid_input("a trait needs a name"));
    }
    if changed.is_callable {
        Behaviour::of(&changed.value).map_err(|error| {
            Error::invalid_input(format!("the trait `{}`: {}", changed.name, error.message))
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bob() -> PersonalityProfile {
        PersonalityProfile::new(&Rid::parse("orn:agent.personality:bob/1.0").unwrap())
    }

    fn after(changes: &[(&str, Value)]) -> Result<Value> {
        let mut profile = bob();
        for (name, given) in changes {
            set(&mut profile, "bob", name, given.clone())?;
        }
        Ok(serde_json::to_value(profile.traits).unwrap())
    }

    #[test]
    fn a_value_becomes_a_trait_of_its_type() {
        for (value, kind) in [
            (json!("helpful"), "str"),
            (json!(["ai"]), "list"),
            (json!(3), "int"),
            (json!(0.5), "float"),
            (json!(true), "bool"),
            (json!(null), "NoneType"),
            (json!({ "type": "dog" }), "dict"),
            (json!({ "value": 1, "unit": "m" }), "dict"),
        ] {
            assert_eq!(
                after(&[("it", value.clone())]).unwrap(),
                json!([{
                    "name": "it", "description": "it trait for bob", "type": kind,
                    "value": value, "is_callable": false
                }])
            );
        }
    }

    #[test]
    fn a_trait_object_changes_what_it_names() {
        let traits = after(&[
            ("add", json!({ "description": "Adds", "is_callable": true })),
            (
                "add",
                json!({ "value": { "kind": "expression", "expression": "a+b" } }),
            ),
        ]);
        assert_eq!(
            traits.unwrap(),
            json!([{
                "name": "add", "description": "Adds", "type": "function",
                "value": { "kind": "expression", "expression": "a+b" }, "is_callable": true
            }])
        );
    }

    #[test]
    fn what_the_schema_or_the_trait_itself_would_refuse_is_invalid_input() {
        for (name, given) in [
            ("", json!(1)),
            (&*"x".repeat(MAX_NAME_CHARS + 1), json!(1)),
            ("a", json!({ "name": "b", "value": 1 })),
            ("a", json!({ "is_callable": "yes" })),
            ("a", json!({ "value": 1, "description": 2 })),
            (
                "a",
                json!({ "value": 1, "type": "x".repeat(MAX_NAME_CHARS + 1) }),
            ),
            (
                "a",
                json!({ "is_callable": true, "value": { "kind": "expression", "expression": "1+" } }),
            ),
        ] {
            let error = after(&[(name, given.clone())]).unwrap_err();
            assert_eq!(
                error.kind,
                koi_extension::ErrorKind::InvalidInput,
                "{name}: {given}"
            );
        }
    }

    #[test]
    fn there_is_an_end_to_traits() {
        let mut profile = bob();
        for n in 0..MAX_TRAITS {
            set(&mut profile, "bob", &n.to_string(), json!(n)).unwrap();
        }
        assert!(set(&mut profile, "bob", "more", json!(1)).is_err());
        assert!(set(&mut profile, "bob", "0", json!("changed")).is_ok());
    }
}
