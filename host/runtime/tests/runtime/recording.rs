//! A call that was recorded runs again the same to the byte, or says where it went another way.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use koi_rid::{Contents, Manifest, Rid};
use koi_runtime::ports::{
    CallContext, FileRoot, Files, Knowledge, KnowledgePage, KnowledgeQuery, KnownBundle,
    ManifestPage, Neighbour, Network, PortError,
};
use koi_runtime::{
    Call, Called, Divergence, Ended, Extension, Mode, RecordError, Recording, RecordingError,
    ReplayError,
};

use crate::guest::{Guest, runtime};
use crate::modes::{counter, loaded};
use crate::ports::{Kept, Saved, call};

/// A network whose node has a name, and knowledge that has to be forgotten as it is asked.
struct World(&'static str);

#[async_trait]
impl Network for World {
    fn this_node(&self, _: &CallContext) -> Result<Rid, PortError> {
        Ok(Rid::parse(self.0).expect("a RID"))
    }

    async fn neighbours(&self, _: &CallContext) -> Result<Vec<Neighbour>, PortError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Knowledge for World {
    async fn read(&self, _: &CallContext, _: &Rid) -> Result<Option<KnownBundle>, PortError> {
        Ok(None)
    }

    async fn query(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<KnowledgePage, PortError> {
        Ok(KnowledgePage::default())
    }

    async fn list(&self, _: &CallContext, _: &KnowledgeQuery) -> Result<ManifestPage, PortError> {
        Ok(ManifestPage::default())
    }

    async fn publish(&self, _: &CallContext, _: Rid, _: Contents) -> Result<Manifest, PortError> {
        Err(PortError::Permanent("not here".into()))
    }

    async fn forget(&self, _: &CallContext, _: &Rid) -> Result<(), PortError> {
        Err(PortError::Transient("later".into()))
    }

    async fn dereference(
        &self,
        _: &CallContext,
        _: &Rid,
    ) -> Result<Option<KnownBundle>, PortError> {
        Ok(None)
    }
}

/// Asks for something to be forgotten, logs its arguments and answers with the name of the node.
const ASKING: &str = "
    (call $forget (i32.const 16) (i32.const 18) (i32.const 1024))
    (call $log (i32.const 2) (i32.const 48) (i32.const 4) (local.get $args) (local.get $args-len))
    (call $caller-log (i32.const 48) (i32.const 4) (i32.const 0) (i32.const 2))
    (call $this-node (i32.const 1100))
    (call $text (i32.load (i32.const 1100)) (i32.load (i32.const 1104)))";

/// As it, without logging to the caller.
const SHORTER: &str = "
    (call $forget (i32.const 16) (i32.const 18) (i32.const 1024))
    (call $log (i32.const 2) (i32.const 48) (i32.const 4) (local.get $args) (local.get $args-len))
    (call $this-node (i32.const 1100))
    (call $text (i32.load (i32.const 1100)) (i32.load (i32.const 1104)))";

async fn with_tool(call_tool: &'static str) -> Extension {
    Guest::with_tool(call_tool).load(&runtime()).await
}

fn tool(name: &str) -> Called {
    Called::Tool {
        name: name.to_owned(),
        arguments: r#"{"a":1}"#.to_owned(),
    }
}

fn in_the_world() -> Call {
    let world = Arc::new(World("orn:koi-net.node:here+01"));
    let mut call = call();
    Arc::make_mut(&mut call.ports).network = world.clone();
    Arc::make_mut(&mut call.ports).knowledge = world;
    call
}

async fn recorded(extension: &Extension) -> Recording {
    let recording = extension.record(in_the_world(), tool("t")).await;
    recording.expect("a recording")
}

async fn replayed(extension: &Extension, recording: &Recording) -> Option<Divergence> {
    // As it comes out of a file.
    let read = Recording::parse(recording.to_json().as_bytes()).expect("a recording");
    assert_eq!(read, *recording);
    extension.replay(&read).await.expect("a replay").divergence
}

fn ports(recording: &Recording) -> Vec<&str> {
    recording.steps.iter().map(|step| &*step.port).collect()
}

#[tokio::test]
async fn a_limit_that_was_taken_away_is_away_in_the_replay_too() {
    let extension = with_tool(ASKING).await;
    let mut call = in_the_world();
    call.limits.host_calls = u64::MAX;
    let recording = extension.record(call, tool("t")).await;
    let text = recording.expect("a recording").to_json();
    assert!(
        text.contains(&format!("\"limits.host_calls\":{}", u64::MAX)),
        "{text}"
    );
    assert!(!text.contains("limits.fuel"), "{text}");
}

#[tokio::test]
async fn a_call_runs_again_with_the_recording_and_nothing_else() {
    let extension = with_tool(ASKING).await;
    let log = Arc::new(Kept::default());
    let call = log.behind(in_the_world());
    let recording = extension
        .record(call, tool("t"))
        .await
        .expect("a recording");
    let asked = [
        "knowledge.forget",
        "log.log",
        "caller.log",
        "network.this-node",
    ];
    assert_eq!(ports(&recording), asked);
    assert_eq!(
        recording.ended,
        Ended::Answer("orn:koi-net.node:here+01".into())
    );
    let lines = || log.0.lock().expect("nobody panics with the lock").len();
    assert_eq!(lines(), 1, "the recorded call is a real one");
    assert_eq!(replayed(&extension, &recording).await, None);
    assert_eq!(lines(), 1, "a replay reaches nobody");
}

#[tokio::test]
async fn a_tampered_answer_shows_in_how_the_call_ends() {
    let extension = with_tool(ASKING).await;
    let mut recording = recorded(&extension).await;
    recording.steps[3].answered = Some(serde_json::json!({"ok": "orn:koi-net.node:there+01"}));
    let divergence = replayed(&extension, &recording).await.expect("another way");
    assert_eq!(divergence.step, None);
    let told = divergence.to_string();
    assert!(
        told.contains("here+01") && told.contains("there+01"),
        "{told}"
    );
}

#[tokio::test]
async fn a_tampered_question_is_told_with_its_step() {
    let extension = with_tool(ASKING).await;
    let mut recording = recorded(&extension).await;
    recording.steps[1].asked[2] = "something else".into();
    let divergence = replayed(&extension, &recording).await.expect("another way");
    assert_eq!(divergence.step, Some(2));
    let told = divergence.to_string();
    assert!(
        told.contains("at step 2") && told.contains("something else"),
        "{told}"
    );
}

#[tokio::test]
async fn an_answer_that_its_question_cannot_have_is_told_with_its_step() {
    let extension = with_tool(ASKING).await;
    let recording = recorded(&extension).await;
    for answer in [serde_json::json!(null), serde_json::json!({"ok": 7})] {
        let mut damaged = recording.clone();
        damaged.steps[3].answered = Some(answer);
        let divergence = replayed(&extension, &damaged).await.expect("another way");
        assert_eq!(divergence.step, Some(4), "{divergence}");
    }
    let mut damaged = recording.clone();
    damaged.steps[3].answered = None;
    let divergence = replayed(&extension, &damaged).await.expect("another way");
    assert_eq!(divergence.step, Some(4), "{divergence}");
}

#[tokio::test]
async fn another_component_is_told_by_where_it_goes_another_way() {
    let (long, short) = (with_tool(ASKING).await, with_tool(SHORTER).await);
    let divergence = replayed(&short, &recorded(&long).await).await;
    let divergence = divergence.expect("another way");
    assert_eq!(divergence.step, Some(3), "{divergence}");
    let text = divergence.recorded.expect("what was recorded");
    assert!(text.starts_with("caller.log"), "{text}");

    let silent = with_tool("(call $text (i32.const 0) (i32.const 2))").await;
    let divergence = replayed(&silent, &recorded(&long).await).await;
    let divergence = divergence.expect("another way");
    assert_eq!(
        divergence.step,
        Some(1),
        "what was never asked: {divergence}"
    );
    let divergence = replayed(&long, &recorded(&silent).await).await;
    let divergence = divergence.expect("another way");
    assert_eq!(
        divergence.step,
        Some(1),
        "what was asked besides: {divergence}"
    );
}

#[tokio::test]
async fn a_guest_that_went_another_way_is_ended_there() {
    let spinning =
        with_tool("(call $this-node (i32.const 1100)) (loop $l (br $l)) (i32.const 0)").await;
    let extension = with_tool(ASKING).await;
    let recording = recorded(&extension).await;
    let replay = spinning.replay(&recording);
    let replay = tokio::time::timeout(Duration::from_secs(10), replay).await;
    let replayed = replay
        .expect("it does not spin for long")
        .expect("a replay");
    assert_eq!(replayed.divergence.expect("another way").step, Some(1));
}

#[tokio::test]
async fn failures_crashes_and_limits_of_number_run_again() {
    let failing =
        with_tool("(call $fail (i32.const 1) (local.get $args) (local.get $args-len))").await;
    let recording = recorded(&failing).await;
    assert!(matches!(&recording.ended, Ended::Failure { kind, .. } if kind == "permanent"));
    assert_eq!(replayed(&failing, &recording).await, None);

    let crashing = with_tool("(unreachable)").await;
    let recording = recorded(&crashing).await;
    assert!(matches!(recording.ended, Ended::Crash(_)));
    assert_eq!(replayed(&crashing, &recording).await, None);

    let asking = with_tool(ASKING).await;
    let mut call = in_the_world();
    call.limits.host_calls = 2;
    let recording = asking.record(call, tool("t")).await.expect("a recording");
    assert!(
        matches!(&recording.ended, Ended::Limit { setting, .. } if setting == "limits.host_calls")
    );
    assert_eq!(recording.steps.len(), 2);
    assert_eq!(replayed(&asking, &recording).await, None);
}

#[tokio::test]
async fn a_call_that_ran_out_of_time_is_recorded_and_not_replayed() {
    let spinning = with_tool("(loop $l (br $l)) (i32.const 0)").await;
    let mut call = call();
    call.limits.cpu = Duration::from_millis(20);
    let recording = spinning.record(call, tool("t")).await.expect("a recording");
    let refused = spinning.replay(&recording).await.expect_err("a refusal");
    assert_eq!(refused, ReplayError::OutOfTime("20 ms CPU time".to_owned()));
}

struct Folder;

impl Files for Folder {
    fn roots(&self, _: &CallContext) -> Vec<FileRoot> {
        vec![FileRoot {
            guest: "/notes".to_owned(),
            host: "/".into(),
            write: false,
        }]
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_refused_by_name_before_the_call() {
    let extension = with_tool(ASKING).await;
    let log = Arc::new(Kept::default());
    let mut call = log.behind(in_the_world());
    Arc::make_mut(&mut call.ports).files = Arc::new(Folder);
    let refused = extension
        .record(call, tool("t"))
        .await
        .expect_err("a refusal");
    assert!(matches!(refused, RecordError::Folders { .. }));
    assert!(refused.to_string().contains("/notes"), "{refused}");
    let lines = log.0.lock().expect("nobody panics with the lock").len();
    assert_eq!(lines, 0, "the call was not made");

    let mut call = in_the_world();
    call.limits.result = 1 << 40;
    let refused = extension
        .record(call, tool("t"))
        .await
        .expect_err("a refusal");
    assert!(refused.to_string().contains("limits.result"), "{refused}");
}

#[tokio::test]
async fn what_is_too_much_is_not_recorded() {
    let asking = with_tool(
        "(loop $l
           (call $this-node (i32.const 1100))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $l (i32.lt_u (local.get $i) (i32.const 200001))))
         (call $text (i32.const 0) (i32.const 2))",
    )
    .await;
    let mut call = in_the_world();
    call.limits.host_calls = u64::MAX;
    call.limits.cpu = Duration::from_secs(60);
    let refused = asking.record(call, tool("t")).await;
    assert_eq!(refused, Err(RecordError::TooLarge));
}

#[tokio::test]
async fn a_singleton_is_recorded_from_its_saved_state_and_left_alone() {
    let extension = loaded(&runtime()).await;
    let saved = Arc::new(Saved::default());
    let singleton = || {
        let mut call = Call {
            mode: Mode::Singleton,
            ..call()
        };
        Arc::make_mut(&mut call.ports).saved_state = saved.clone();
        call
    };
    let count = async |extension: &Extension| {
        let answer = extension.call_tool(singleton(), "t", "{}").await;
        answer.expect("an answer").len()
    };
    assert_eq!([count(&extension).await, count(&extension).await], [1, 2]);
    let saves = || saved.0.lock().expect("nobody panics with the lock").1;
    let before = saves();
    let recording = extension.record(singleton(), tool("t")).await;
    let recording = recording.expect("a recording");
    assert_eq!(ports(&recording), ["saved-state.load"]);
    let Ended::Answer(answer) = &recording.ended else {
        panic!("{:?}", recording.ended);
    };
    assert_eq!(
        answer.as_str().map(str::len),
        Some(3),
        "from what was saved"
    );
    assert_eq!(saves(), before, "nothing was saved");
    assert_eq!(count(&extension).await, 3, "the live one goes on");
    assert_eq!(replayed(&extension, &recording).await, None);
    let elsewhere = counter().load(&runtime()).await;
    assert_eq!(replayed(&elsewhere, &recording).await, None);
}

fn refusal(text: &str) -> RecordingError {
    Recording::parse(text.as_bytes()).expect_err("a refusal")
}

#[tokio::test]
async fn what_is_no_recording_is_refused_with_what_is_wrong() {
    let extension = with_tool(ASKING).await;
    let text = recorded(&extension).await.to_json();
    for (from, to, reason) in [
        ("\"form\": 1", "\"form\": 2", "form 2"),
        ("koi:extension@0.1.", "koi:extension@0.2.", "contract"),
        ("\"steps\"", "\"step\"", "unknown field"),
        ("limits.cpu", "limits.fame", "limits.fame"),
        (
            "\"limits.cpu\":2000",
            "\"limits.cpu\":20000000",
            "limits.cpu",
        ),
        ("\"digest\": \"", "\"digest\": \"x", "SHA-256"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let told = refusal(&text.replace(from, to)).to_string();
        assert!(told.contains(reason), "{told}");
    }
    for text in ["", "[]", "{}", &text[..text.len() / 2], &"[".repeat(1000)] {
        refusal(text);
    }
}
