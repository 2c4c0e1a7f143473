use std::sync::Arc;

use koi_rid::{Bundle, BundleOrder, Contents, Rid, RidType};
use koi_runtime::ports::{KnowledgeQuery, KnownBundle, PortError, Ports};
use serde_json::json;

use super::{Egress, NodePorts, Settings};
use crate::grant::{Access, Grants};
use crate::secret::{Guard, SecretValue, Vault};
use crate::testing::{FakeNode, context};

struct Fixture {
    ports: Ports,
    access: Arc<Access>,
    _folder: tempfile::TempDir,
}

fn grants(texts: &[&str]) -> Grants {
    Grants::new(texts.iter().map(|text| text.parse().unwrap())).unwrap()
}

/// Asked for and granted are the same.
fn fixture(granted: &[&str], known: &[&str]) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let stores = koi_store::sqlite::open(&folder.path().join("koi.db")).unwrap();
    let access = Arc::new(Access::new("a".into(), grants(granted), grants(granted)));
    let known = known
        .iter()
        .map(|rid| KnownBundle {
            bundle: Bundle::generate(Rid::parse(rid).unwrap(), Contents::parse("{}").unwrap()),
            written_by: None,
        })
        .collect();
    let node = Arc::new(FakeNode { known });
    let ports = NodePorts {
        knowledge: node.clone(),
        network: node,
        key_value: stores.key_value.clone(),
        vault: Arc::default(),
        saved_states: stores.saved_states.clone(),
        egress: Arc::new(Egress::new()),
        newest: std::sync::Weak::new(),
    };
    let settings = json!({"greeting": "hello", "list": [1, "x"]});
    let settings = Settings::new(settings.as_object().unwrap());
    Fixture {
        ports: ports.granted(&access, settings, None),
        access,
        _folder: folder,
    }
}

fn is_denied<T>(result: Result<T, PortError>, grant: &str) -> bool {
    matches!(result, Err(PortError::Denied(denial)) if denial.grant == grant)
}

#[tokio::test]
async fn nothing_granted_is_nothing_allowed() {
    let Fixture { ports, _folder, .. } = fixture(&[], &["orn:t.t:x"]);
    let (call, rid) = (context("a"), Rid::parse("orn:t.t:x").unwrap());
    let query = KnowledgeQuery {
        rid_type: rid.rid_type(),
        filter: None,
        order: BundleOrder::Rid,
        limit: 10,
        cursor: None,
    };
    let contents = Contents::parse("{}").unwrap();
    assert!(is_denied(
        ports.knowledge.read(&call, &rid).await,
        "read=orn:t.t"
    ));
    assert!(is_denied(
        ports.knowledge.dereference(&call, &rid).await,
        "read=orn:t.t"
    ));
    assert!(is_denied(
        ports.knowledge.query(&call, &query).await,
        "read=orn:t.t"
    ));
    assert!(is_denied(
        ports.knowledge.forget(&call, &rid).await,
        "forget=orn:t.t"
    ));
    assert!(is_denied(
        ports.knowledge.publish(&call, rid, contents).await,
        "publish=orn:t.t"
    ));
    assert!(is_denied(
        ports.key_value.open(&call, "b").await,
        "capability=keyvalue"
    ));
    assert!(is_denied(
        ports.key_value.get(&call, "b", "k").await,
        "capability=keyvalue"
    ));
    assert!(is_denied(
        ports.config.all(&call).await,
        "capability=config"
    ));
    assert!(is_denied(
        ports.network.neighbours(&call).await,
        "capability=network"
    ));
    assert!(is_denied(
        ports.network.this_node(&call),
        "capability=network"
    ));
}

#[tokio::test]
async fn a_query_leaves_out_what_the_grant_does_not_cover() {
    let known = ["orn:t.t:a1", "orn:t.t:b1", "orn:t.t:a2", "orn:t.u:a1"];
    let Fixture { ports, _folder, .. } = fixture(&["read=orn:t.t:a*"], &known);
    let rid_type = RidType::parse("orn:t.t").unwrap();
    let query = KnowledgeQuery {
        rid_type,
        filter: None,
        order: BundleOrder::Rid,
        limit: 2,
        cursor: None,
    };
    let page = ports.knowledge.query(&context("a"), &query).await.unwrap();
    let rids: Vec<_> = page
        .bundles
        .iter()
        .map(|b| b.bundle.manifest.rid.as_str())
        .collect();
    assert_eq!(
        rids,
        ["orn:t.t:a1", "orn:t.t:a2"],
        "read on where the grant left one out"
    );
    let page = ports.knowledge.list(&context("a"), &query).await.unwrap();
    let rids: Vec<_> = page.manifests.iter().map(|m| m.rid.as_str()).collect();
    assert_eq!(rids, ["orn:t.t:a1", "orn:t.t:a2"]);
}

#[tokio::test]
async fn a_right_is_for_the_rids_that_it_covers() {
    let Fixture {
        ports,
        access,
        _folder,
    } = fixture(&["publish=orn:t.t:own/*"], &[]);
    let publish = async |rid: &str| {
        let contents = Contents::parse("{}").unwrap();
        ports
            .knowledge
            .publish(&context("a"), Rid::parse(rid).unwrap(), contents)
            .await
    };
    assert!(publish("orn:t.t:own/1").await.is_ok());
    assert!(is_denied(
        publish("orn:t.t:other/1").await,
        "publish=orn:t.t"
    ));
    access.grant(Grants::default());
    assert!(is_denied(publish("orn:t.t:own/1").await, "publish=orn:t.t"));
}

#[tokio::test]
async fn settings_are_texts_as_they_are_and_the_rest_as_json() {
    let Fixture { ports, _folder, .. } = fixture(&["capability=config"], &[]);
    let get = async |key: &str| ports.config.get(&context("a"), key).await.unwrap();
    assert_eq!(get("greeting").await.as_deref(), Some("hello"));
    assert_eq!(get("list").await.as_deref(), Some(r#"[1,"x"]"#));
    assert_eq!(get("none").await, None);
    assert_eq!(ports.config.all(&context("a")).await.unwrap().len(), 2);
}

#[tokio::test]
async fn each_extension_has_keys_of_its_own() {
    let Fixture { ports, _folder, .. } = fixture(&["capability=keyvalue"], &[]);
    let (a, b) = (context("a"), context("b"));
    let kv = &ports.key_value;
    kv.set(&a, "bucket", "k", b"1".to_vec()).await.unwrap();
    kv.set(&b, "bucket", "k", b"2".to_vec()).await.unwrap();
    assert_eq!(
        kv.get(&a, "bucket", "k").await.unwrap(),
        Some(b"1".to_vec())
    );
    assert_eq!(kv.increment(&a, "bucket", "n", 3).await.unwrap(), 3);
    assert!(kv.exists(&a, "bucket", "n").await.unwrap());
    let many = kv
        .get_many(&a, "bucket", vec!["n".into(), "none".into(), "k".into()])
        .await
        .unwrap();
    assert_eq!(
        many,
        [
            Some(("n".into(), b"3".to_vec())),
            None,
            Some(("k".into(), b"1".to_vec()))
        ]
    );
    kv.delete_many(&a, "bucket", vec!["n".into(), "k".into()])
        .await
        .unwrap();
    assert!(
        kv.list_keys(&a, "bucket", None)
            .await
            .unwrap()
            .keys
            .is_empty()
    );
    assert_eq!(
        kv.get(&b, "bucket", "k").await.unwrap(),
        Some(b"2".to_vec())
    );
}

#[tokio::test]
async fn names_keys_and_values_are_bounded() {
    let Fixture { ports, _folder, .. } = fixture(&["capability=keyvalue"], &[]);
    let (call, kv) = (context("a"), &ports.key_value);
    let invalid = |result: Result<(), PortError>| matches!(result, Err(PortError::InvalidInput(_)));
    for bucket in ["", "a/b", "#", &"b".repeat(65)] {
        assert!(invalid(kv.open(&call, bucket).await), "{bucket}");
    }
    kv.open(&call, "default").await.unwrap();
    assert!(invalid(kv.set(&call, "b", "", vec![]).await));
    assert!(invalid(kv.set(&call, "b", &"k".repeat(513), vec![]).await));
    assert!(invalid(
        kv.set(&call, "b", "k", vec![0; (4 << 20) + 1]).await
    ));
    let twice = vec!["k".to_owned(), "k".to_owned()];
    assert!(invalid(kv.delete_many(&call, "b", twice.clone()).await));
    assert!(invalid(kv.get_many(&call, "b", twice).await.map(drop)));
    let many = (0..1001).map(|n| (n.to_string(), vec![])).collect();
    assert!(invalid(kv.set_many(&call, "b", many).await));
}

#[tokio::test]
async fn a_secret_is_neither_published_nor_kept() {
    let folder = tempfile::tempdir().unwrap();
    let stores = koi_store::sqlite::open(&folder.path().join("koi.db")).unwrap();
    let node = Arc::new(FakeNode::default());
    let vault = Arc::new(Vault::default());
    let value = SecretValue::new("hunter2-hunter2".to_owned()).unwrap();
    vault.set([("KEY".parse().unwrap(), value)].into());
    let all = [
        "publish=orn:t.t",
        "read=orn:t.t",
        "capability=keyvalue",
        "secret=KEY@a.example",
    ];
    let access = Arc::new(Access::new("a".into(), grants(&all), grants(&all)));
    let guard = Guard::new(&access, &vault).unwrap();
    let ports = NodePorts {
        knowledge: node.clone(),
        network: node,
        key_value: stores.key_value.clone(),
        vault,
        saved_states: stores.saved_states.clone(),
        egress: Arc::new(Egress::new()),
        newest: std::sync::Weak::new(),
    };
    let ports = ports.granted(&access, Settings::default(), Some(&guard));
    let call = context("a");
    let refused = |told: Result<(), PortError>| match told {
        Err(PortError::InvalidInput(told)) => assert!(told.contains("secret KEY"), "{told}"),
        other => panic!("{other:?}"),
    };
    let rid = Rid::parse("orn:t.t:x").unwrap();
    for value in [
        "hunter2-hunter2",
        "68756E746572322d68756e74657232",
        "aHVudGVyMi1odW50ZXIy",
    ] {
        let contents = Contents::parse(&json!({"a": [value]}).to_string()).unwrap();
        let published = ports.knowledge.publish(&call, rid.clone(), contents).await;
        refused(published.map(drop));
        let named = Rid::parse(&format!("orn:t.t:{value}")).unwrap();
        let contents = Contents::parse("{}").unwrap();
        let published = ports
            .knowledge
            .publish(&call, named.clone(), contents)
            .await;
        refused(published.map(drop));
        refused(ports.knowledge.dereference(&call, &named).await.map(drop));
        let value = value.as_bytes().to_vec();
        refused(ports.key_value.set(&call, "b", "k", value.clone()).await);
        let entries = vec![("k".to_owned(), value)];
        refused(ports.key_value.set_many(&call, "b", entries).await);
    }
    let placeholder = ports.secrets.placeholder(&call, "KEY").unwrap();
    let value = placeholder.into_bytes();
    ports.key_value.set(&call, "b", "k", value).await.unwrap();
}
