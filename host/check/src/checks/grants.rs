//! What was asked for beside what was used.

use koi_registry::{Capability, Grant, Right};

use crate::report::Code;
use crate::run::Run;

pub(super) fn check(run: &mut Run<'_>) {
    let node = run.node.clone();
    let noted = node.noted();
    for (grant, subject) in &noted.not_asked {
        let message = format!(
            "the {subject} used it, and `describe` does not ask for it: it is denied on every node; add it to `asks`, \
             or leave it alone"
        );
        run.find(Code::UsedNotAsked, grant, message, None);
    }
    for ((subject, rid_type), misfit) in &noted.misfits {
        let message = format!(
            "it published what does not fit the schema of {rid_type} and becomes a dead letter: {misfit}"
        );
        run.find(Code::PublishedMisfit, subject, message, None);
    }
    let description = run.entry.description.clone();
    for ask in description.asks.iter() {
        let subject = ask.to_string();
        let seen = match ask {
            Grant::Knowledge(Right::Read | Right::Publish | Right::Forget, _)
            | Grant::Http(_)
            | Grant::Secret(_) => noted.used.contains(ask),
            Grant::Capability(Capability::Schedule) => !description.jobs.is_empty(),
            Grant::Capability(_) => noted.used.contains(ask),
            Grant::Files(_) => {
                let message = "a check has no folders: what is done with them was not looked at";
                run.find(Code::NotChecked, &subject, message, None);
                continue;
            }
            // Handling is what handlers are for; of the others nobody can tell.
            Grant::Knowledge(Right::Handle, _)
            | Grant::Environment(_)
            | Grant::Mode(_)
            | Grant::Limit(..) => true,
        };
        if !seen {
            let message = "`describe` asks for it, and no call of this check used it: if none ever does, an operator is \
                           asked for too much; if some do, `examples` lead the check there";
            run.find(Code::AskedNotUsed, &subject, message, None);
        }
    }
}
