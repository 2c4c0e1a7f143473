//! A guest made of text that counts its calls, in revisions that can be told apart.

use crate::Guest;

/// `save` and `load` of a guest's fields as the interface `state`.
const STATE: &str = r#"
    (func $save (result (result (list u8) (error $error)))
        (canon lift (core func $main "save") (memory $memory) (realloc $realloc)))
    (func $load (param "state" (list u8)) (result (result (error $error)))
        (canon lift (core func $main "load") (memory $memory) (realloc $realloc)))
    (instance $state (export "save" (func $save)) (export "load" (func $load)))
    (export "koi:extension/state@0.1.0" (instance $state))"#;

/// Where the answer is put together, and where a state and a refusal lie; behind all that guests of text
/// have there.
const ANSWER: usize = 12288;
const SAVED: usize = 12800;
const REFUSAL: usize = 12816;

/// What a revision says that does not go on from a state.
const NOT_MINE: &str = "this count is none of mine";

/// From here on it counts: numbers have as many digits each.
const FIRST: u64 = 1_000_000;

/// One revision of the extension.
#[derive(Debug, Clone, Copy)]
pub struct Counting {
    /// The extension, and its tool; `NAME_crash` is another one, which crashes.
    pub name: &'static str,
    /// Stands twice in each answer: first and last.
    pub mark: char,
    /// Whether it runs as a singleton and keeps its count; else it counts one call.
    pub singleton: bool,
    /// Whether it goes on from the state of the revision before.
    pub loads: bool,
}

impl Counting {
    /// A singleton that goes on from any state.
    #[must_use]
    pub fn singleton(name: &'static str, mark: char) -> Self {
        Self {
            name,
            mark,
            singleton: true,
            loads: true,
        }
    }

    /// The version of a revision with that mark: `A` is 1.0.0, `B` is 1.1.0.
    #[must_use]
    pub fn version(self) -> String {
        format!(
            "1.{}.0",
            u32::from(self.mark).saturating_sub(u32::from('A'))
        )
    }

    /// The component's bytes.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        self.guest().bytes().to_vec()
    }

    /// The count in an answer's structured content, and the mark of the revision that counted; none if
    /// it is not one revision's.
    #[must_use]
    pub fn read(answer: &serde_json::Value) -> Option<(char, u64)> {
        let mark = answer["mark"].as_str()?;
        let count = answer["count"].as_u64()?.checked_sub(FIRST)?;
        let whole = answer["again"].as_str() == Some(mark);
        Some((mark.chars().next().filter(|_| whole)?, count))
    }

    fn guest(self) -> Guest {
        let Self { name, mark, .. } = self;
        let head = format!(r#"{{"structuredContent":{{"mark":"{mark}","count":"#);
        let answer = format!(r#"{head}{FIRST},"again":"{mark}"}}}}"#);
        let digits_end = ANSWER + head.len() + FIRST.to_string().len();
        let load = match self.loads {
            true => "(global.set $count (i32.load (local.get $at))) (call $done)".to_owned(),
            false => format!(
                "(call $fail (i32.const 1) (i32.const {REFUSAL}) (i32.const {}))",
                NOT_MINE.len()
            ),
        };
        let fields = format!(
            r#"(global $count (mut i32) (i32.const 0))
            (data (i32.const {ANSWER}) {answer:?})
            (data (i32.const {REFUSAL}) {NOT_MINE:?})
            (func (export "save") (result i32)
                (i32.store (i32.const {SAVED}) (global.get $count))
                (call $text (i32.const {SAVED}) (i32.const 4)))
            (func (export "load") (param $at i32) (param $len i32) (result i32) {load})"#
        );
        let call_tool = format!(
            "(global.set $count (i32.add (global.get $count) (i32.const 1)))
            (if (i32.gt_u (local.get $name-len) (i32.const {name_length})) (then (unreachable)))
            (local.set $args (i32.add (global.get $count) (i32.const {FIRST})))
            (local.set $i (i32.const {digits_end}))
            (loop $digits
                (local.set $i (i32.sub (local.get $i) (i32.const 1)))
                (i32.store8 (local.get $i)
                    (i32.add (i32.const 48) (i32.rem_u (local.get $args) (i32.const 10))))
                (local.set $args (i32.div_u (local.get $args) (i32.const 10)))
                (br_if $digits (local.get $args)))
            (call $text (i32.const {ANSWER}) (i32.const {length}))",
            name_length = name.len(),
            length = answer.len(),
        );
        let mode = match self.singleton {
            true => r#","mode":"singleton""#,
            false => "",
        };
        // An answer of one revision does not fit the schema of the other.
        let output = format!(
            r#"{{"type":"object","properties":{{"mark":{{"const":"{mark}"}},"again":{{"const":"{mark}"}}}},"required":["mark","count","again"]}}"#
        );
        Guest {
            description: format!(
                r#"{{"name":"{name}","version":"{}"{mode}}}"#,
                self.version()
            ),
            tools: format!(
                r#"[{{"name":"{name}","description":"Counts one more","inputSchema":{{"type":"object"}},"outputSchema":{output}}},{{"name":"{name}_crash","description":"Counts one more and crashes","inputSchema":{{"type":"object"}}}}]"#
            ),
            // A few guests, which live as long as the test.
            fields: fields.leak(),
            call_tool: call_tool.leak(),
            exports: STATE,
            ..Guest::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_revision_is_a_component_of_its_own() {
        let first = Counting::singleton("tally", 'A');
        let refusing = Counting {
            loads: false,
            ..first
        };
        let fresh = Counting {
            singleton: false,
            ..first
        };
        let all = [first, Counting::singleton("tally", 'B'), refusing, fresh];
        let mut components = all.map(Counting::bytes).to_vec();
        components.sort_unstable();
        components.dedup();
        assert_eq!(components.len(), 4);
    }

    #[test]
    fn what_two_revisions_said_together_is_no_answer() {
        let answer =
            |again: &str| serde_json::json!({"mark": "A", "count": 1_000_007, "again": again});
        assert_eq!(Counting::read(&answer("A")), Some(('A', 7)));
        assert_eq!(Counting::read(&answer("B")), None);
    }
}
