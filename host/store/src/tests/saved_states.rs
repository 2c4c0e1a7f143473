use super::*;

on_every_backend! {
    each_extension_has_the_state_that_was_saved_last,
}

async fn each_extension_has_the_state_that_was_saved_last(Fixture { stores, .. }: Fixture) {
    let states = &stores.saved_states;
    assert_eq!(states.load("a").await.unwrap(), None);
    states.save("a", 1, b"one".to_vec()).await.unwrap();
    states.save("b", 1, b"other".to_vec()).await.unwrap();
    states.save("a", 2, b"two".to_vec()).await.unwrap();
    assert_eq!(states.load("a").await.unwrap(), Some(b"two".to_vec()));
    assert_eq!(states.load("b").await.unwrap(), Some(b"other".to_vec()));
}
