//! Finding tools by what somebody wants to do, in plain language.
//!
//! Words of the question and of the tools' names, titles, descriptions and parameters are compared by
//! their stems, with words of the same meaning and small misspellings allowed for. English is known;
//! words of other languages are compared as they stand. Nothing is asked of the network. An index is
//! made once for each view, on a thread that may be busy, and what did not change is taken over.

mod index;
mod query;
mod text;
mod thesaurus;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rmcp::model::Tool;

use self::index::Index;
use self::text::Text;
use self::words::Stems;
use crate::view::View;

/// Finds the tools of one endpoint.
pub(crate) struct Search {
    stems: Stems,
    newest: ArcSwapOption<Indexed>,
    /// Held while an index is made, so that it is made once.
    renewing: Mutex<()>,
}

/// The tools of a view with their index.
struct Indexed {
    generation: u64,
    tools: HashMap<String, Arc<Tool>>,
    index: Index,
}

impl Search {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            stems: Stems::new(),
            newest: ArcSwapOption::empty(),
            renewing: Mutex::new(()),
        })
    }

    /// The tools of a view that answer a question best, the best first.
    pub(crate) async fn find(
        self: &Arc<Self>,
        view: Arc<View>,
        question: String,
        limit: usize,
    ) -> Vec<Arc<Tool>> {
        let search = self.clone();
        let find = move || {
            let indexed = search.of(&view);
            let names = indexed.index.search(&question, limit, &search.stems);
            let tool = |name: &str| indexed.tools.get(name).cloned();
            names.into_iter().filter_map(tool).collect()
        };
        // It fails only with the process.
        tokio::task::spawn_blocking(find).await.unwrap_or_default()
    }

    /// Has the index of a view made before somebody asks for it.
    pub(crate) fn prepare(self: &Arc<Self>, view: Arc<View>) {
        let search = self.clone();
        tokio::task::spawn_blocking(move || drop(search.of(&view)));
    }

    fn of(&self, view: &View) -> Arc<Indexed> {
        let generation = view.snapshot.generation;
        let newest = || {
            self.newest
                .load_full()
                .filter(|of| of.generation >= generation)
        };
        if let Some(indexed) = newest() {
            return indexed;
        }
        // No code panics while it holds the lock.
        let _renewing = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(indexed) = newest() {
            return indexed;
        }
        let indexed = Arc::new(self.index(view, self.newest.load_full().as_deref()));
        self.newest.store(Some(indexed.clone()));
        indexed
    }

    fn index(&self, view: &View, before: Option<&Indexed>) -> Indexed {
        let tools: HashMap<String, Arc<Tool>> = view.callable().collect();
        let known: HashMap<&str, &Arc<Text>> = before
            .iter()
            .flat_map(|before| before.index.texts())
            .filter(|(name, _)| {
                let was = before.and_then(|before| before.tools.get(*name));
                let is = tools.get(*name);
                was.zip(is).is_some_and(|(was, is)| Arc::ptr_eq(was, is))
            })
            .collect();
        let texts = view.callable().map(|(name, tool)| {
            let text = match known.get(&*name) {
                Some(text) => Arc::clone(text),
                None => Arc::new(self.text(&name, &tool)),
            };
            (name, text)
        });
        Indexed {
            generation: view.snapshot.generation,
            index: Index::new(texts),
            tools,
        }
    }

    fn text(&self, name: &str, tool: &Tool) -> Text {
        let (title, description) = (tool.title.as_deref(), tool.description.as_deref());
        Text::of(name, title, description, &tool.input_schema, &self.stems)
    }
}
