//! The host's own handlers: what they judge, add and break.

use super::*;

/// A host handler that does as its fields say.
struct Scripted {
    phase: Phase,
    act: fn(&mut Object) -> Result<Flow, HandlerError>,
}

#[async_trait]
impl HostHandler for Scripted {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn phases(&self) -> &'static [Phase] {
        match self.phase {
            Phase::Bundle => &[Phase::Bundle],
            Phase::Final => &[Phase::Final],
            _ => &[Phase::Network],
        }
    }

    fn handles(&self, rid_type: &str) -> bool {
        rid_type == "orn:test.note"
    }

    async fn handle(&self, object: &mut Object) -> Result<Flow, HandlerError> {
        (self.act)(object)
    }
}

#[tokio::test]
async fn a_host_handler_that_panics_fails_that_object_only() {
    let folder = tempdir().unwrap();
    let act = |object: &mut Object| {
        assert_ne!(object.knowledge.rid.reference(), "bad");
        Ok(Flow::Continue)
    };
    let handler = Scripted {
        phase: Phase::Bundle,
        act,
    };
    let f = start(folder.path(), unchanged(), vec![Arc::new(handler)]).await;
    f.intake
        .accept(vec![note("orn:test.note:bad", "a"), note(NOTE, "b")])
        .await
        .unwrap();
    let letters = f.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (&*letters[0].kind, letters[0].arrival.rid.reference()),
        ("panic", "bad")
    );
    assert_eq!(f.title(NOTE).await.as_deref(), Some("b"));
}

#[tokio::test]
async fn effects_of_a_stopped_object_take_place_and_publications_keep_their_order() {
    let folder = tempdir().unwrap();
    let act = |object: &mut Object| {
        if object.knowledge.rid.reference() != "first" {
            return Ok(Flow::Continue);
        }
        let effects = &mut object.effects;
        effects.publications.push(note(NOTE, "once"));
        effects.publications.push(forgetting(rid(NOTE)));
        effects.publications.push(note(NOTE, "at last"));
        let event = koi_rid::Event::of_rid(EventType::Forget, rid("orn:a.b:c"));
        effects.outgoing.push(Outgoing {
            peer: peer(),
            event,
        });
        Ok(Flow::Stop("done".to_owned()))
    };
    let handler = Scripted {
        phase: Phase::Bundle,
        act,
    };
    let mut f = start(folder.path(), unchanged(), vec![Arc::new(handler)]).await;
    f.intake
        .accept(vec![from_peer(note("orn:test.note:first", "a"))])
        .await
        .unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(f.changes.recv().await.unwrap().event_type);
    }
    assert_eq!(seen, [EventType::New, EventType::Forget, EventType::New]);
    assert_eq!(f.title(NOTE).await.as_deref(), Some("at last"));
    assert_eq!(f.title("orn:test.note:first").await, None);
    assert_eq!(f.stores.outbox.len(Some(&peer())).await.unwrap(), 1);
}

#[tokio::test]
async fn a_final_handler_that_fails_leaves_the_object_stored_and_a_dead_letter() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Final, || {
        Err(failure(GuestErrorKind::Permanent, "too late"))
    });
    let mut f = start(folder.path(), behaviour, Vec::new()).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    f.changes.recv().await.unwrap();
    loop {
        let letters = f.letters().await;
        if let Some(letter) = letters.first() {
            assert_eq!((&*letter.phase, &*letter.reason), ("final", "too late"));
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(f.title(NOTE).await.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_host_handler_that_panics_in_the_final_phase_holds_up_nothing() {
    let folder = tempdir().unwrap();
    let act = |object: &mut Object| {
        assert_ne!(object.knowledge.event_type, Some(EventType::New), "broken");
        Ok(Flow::Continue)
    };
    let handler = Scripted {
        phase: Phase::Final,
        act,
    };
    let mut f = start(folder.path(), unchanged(), vec![Arc::new(handler)]).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    f.intake.accept(vec![forgetting(rid(NOTE))]).await.unwrap();
    assert_eq!(f.changes.recv().await.unwrap().event_type, EventType::New);
    assert_eq!(
        f.changes.recv().await.unwrap().event_type,
        EventType::Forget
    );
}

#[tokio::test]
async fn what_the_host_judges_no_handler_replaces() {
    let folder = tempdir().unwrap();
    let behaviour = in_phase(Phase::Bundle, || {
        replace(Replacement {
            contents: Some(r#"{"title":"mine"}"#.to_owned()),
            ..Replacement::default()
        })
    });
    let host = Scripted {
        phase: Phase::Bundle,
        act: |_| Ok(Flow::Continue),
    };
    let f = start(folder.path(), behaviour, vec![Arc::new(host)]).await;
    f.intake.accept(vec![note(NOTE, "a")]).await.unwrap();
    let letters = f.letters().await;
    assert_eq!(letters[0].kind, "bad-replacement");
    assert_eq!(f.title(NOTE).await, None);
}

#[tokio::test]
async fn nobody_outside_changes_this_nodes_own_bundle() {
    let folder = tempdir().unwrap();
    let f = start(folder.path(), unchanged(), Vec::new()).await;
    let own = |source: Option<Rid>| Arrival {
        source,
        ..note(me().as_str(), "me")
    };
    f.intake.accept(vec![own(Some(peer()))]).await.unwrap();
    f.settled().await;
    assert_eq!(f.title(me().as_str()).await, None);
    f.intake.accept(vec![own(None)]).await.unwrap();
    f.settled().await;
    assert_eq!(f.title(me().as_str()).await.as_deref(), Some("me"));
}
