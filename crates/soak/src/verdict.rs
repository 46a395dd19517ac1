//! The judgement of a run: a sentence for each promise that was broken.

use std::time::Duration;

use crate::figures::{Ask, Breaches, Figures, mib};

/// The most requests for app tokens of one App Key in a minute.
const MOST_A_MINUTE: u64 = 10;
/// From the end of an outage to the first token: ten seconds until it is asked for, and a moment for
/// the request.
const RECOVERY: Duration = Duration::from_millis(10_500);
/// A refusal is remembered for a minute, and asking again takes a moment.
const AFTER_TROUBLE: Duration = Duration::from_secs(70);
/// An acquisition ends within 20 s, on a machine that has other things to do as well.
const LONGEST_APP_CALL: Duration = Duration::from_secs(25);
/// What memory may grow by between the first and the last third, in KiB. Callers keep nothing; what
/// is left is the allocator's.
const GROWTH: u64 = 16 * 1024;

/// What is broken; nothing where all is well.
pub(crate) fn judge(figures: &Figures, short: bool) -> Vec<String> {
    let mut broken = Vec::new();
    breaches(&mut broken, figures);
    numbers(&mut broken, figures);
    resources(&mut broken, figures);
    worth(&mut broken, figures, short);
    broken
}

fn breaches(broken: &mut Vec<String>, figures: &Figures) {
    let mut says = |breaches: &Breaches, what: &str| {
        if breaches.count > 0 {
            broken.push(format!("{} {what} (the first: {})", breaches.count, breaches.first));
        }
    };
    says(&figures.failed_while_held, "app-token calls failed although a usable token was held");
    says(&figures.slow_while_held, "app-token calls took long although a usable token was held");
    says(&figures.wrong_tokens, "tokens were not those that the service made for the caller");
    says(&figures.dead_tokens, "app tokens were handed out that were known to be no good");
}

fn numbers(broken: &mut Vec<String>, figures: &Figures) {
    if figures.worst_minute > MOST_A_MINUTE {
        broken.push(format!(
            "{} requests for app tokens arrived in one minute; {MOST_A_MINUTE} are the most",
            figures.worst_minute
        ));
    }
    for (times, most, after) in [
        (&figures.recoveries, RECOVERY, "the service was back"),
        (&figures.after_trouble, AFTER_TROUBLE, "its trouble was over"),
    ] {
        for time in times {
            let took = match time {
                Some(time) if *time <= most => continue,
                Some(time) => format!("came {:.1} s after", time.as_secs_f64()),
                None => "never came after".to_owned(),
            };
            let most = most.as_secs_f64();
            broken.push(format!("the first app token {took} {after}; {most:.1} s are the most"));
        }
    }
    let longest = figures.tally.calls(Ask::App).longest;
    if longest > LONGEST_APP_CALL {
        broken.push(format!("an app-token call took {:.1} s", longest.as_secs_f64()));
    }
    if figures.lost_callers > 0 {
        broken.push(format!("{} callers never came back", figures.lost_callers));
    }
}

fn resources(broken: &mut Vec<String>, figures: &Figures) {
    let (early, late) = (figures.memory_early, figures.memory_late);
    if late > early.saturating_add(GROWTH) {
        broken.push(format!(
            "memory grew from {} to {} between the first third and the last",
            mib(early),
            mib(late)
        ));
    }
    for (what, before, after) in [
        ("descriptors", figures.before.descriptors, figures.after.descriptors),
        ("threads", figures.before.threads, figures.after.threads),
    ] {
        if after > before {
            broken.push(format!("{} {what} were left over", after - before));
        }
    }
}

/// A run in which nothing happened keeps every promise, and is worth nothing.
fn worth(broken: &mut Vec<String>, figures: &Figures, short: bool) {
    let app = figures.tally.calls(Ask::App);
    let mut needs = |there: bool, what: &str| {
        if !there {
            broken.push(format!("the run proves nothing: {what}"));
        }
    };
    needs(app.went_well > 0, "no app-token call went well");
    needs(figures.acquired > 1, "no app token was ever renewed");
    needs(app.failures() > 0, "no app-token call failed, so nothing was ever away for long enough");
    // Whether one does that finds no token in the moment in which it is asked for is up to chance.
    let gave_up = app.gave_up + figures.tally.calls(Ask::ById).gave_up;
    needs(gave_up > 0, "no caller gave up");
    for ask in [Ask::ById, Ask::ByPassword] {
        needs(figures.tally.calls(ask).went_well > 0, "no user token was handed out");
    }
    needs(!figures.recoveries.is_empty(), "the service never came back");
    needs(short || !figures.after_trouble.is_empty(), "the service never had trouble");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Resources;

    fn well() -> Figures {
        let mut figures = Figures::default();
        for ask in [Ask::App, Ask::ById, Ask::ByPassword] {
            figures.tally.went_well(ask, Duration::from_secs(1));
        }
        figures.tally.failed(Ask::App, "connect", Duration::from_secs(1));
        figures.tally.gave_up(Ask::App);
        let held = Resources { memory: 1, peak_memory: 1, descriptors: 9, threads: 4 };
        Figures {
            acquired: 2,
            worst_minute: 10,
            recoveries: vec![Some(RECOVERY)],
            after_trouble: vec![Some(AFTER_TROUBLE)],
            before: held,
            after: held,
            memory_early: 20_000,
            memory_late: 20_000 + GROWTH,
            ..figures
        }
    }

    #[test]
    fn a_run_at_the_edge_of_every_promise_is_well() {
        assert_eq!(judge(&well(), false), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_has_its_sentence_and_no_other() {
        type Break = fn(&mut Figures);
        let breaks: [(Break, &str); 14] = [
            (|it| it.failed_while_held.count = 1, "failed although a usable token was held"),
            (|it| it.slow_while_held.count = 1, "took long although"),
            (|it| it.wrong_tokens.count = 1, "not those that the service made"),
            (|it| it.dead_tokens.count = 1, "known to be no good"),
            (|it| it.worst_minute = 11, "11 requests for app tokens"),
            (
                |it| it.recoveries = vec![Some(RECOVERY * 2)],
                "came 21.0 s after the service was back",
            ),
            (|it| it.recoveries = vec![None], "never came after the service was back"),
            (|it| it.after_trouble = vec![None], "never came after its trouble"),
            (
                |it| it.tally.went_well(Ask::App, LONGEST_APP_CALL * 2),
                "an app-token call took 50.0 s",
            ),
            (|it| it.lost_callers = 3, "3 callers never came back"),
            (|it| it.memory_late += 1, "memory grew"),
            (|it| it.after.descriptors += 2, "2 descriptors were left over"),
            (|it| it.after.threads += 1, "1 threads were left over"),
            (|it| it.acquired = 1, "proves nothing: no app token was ever renewed"),
        ];
        for (change, expected) in breaks {
            let mut figures = well();
            change(&mut figures);
            let broken = judge(&figures, false);
            assert!(broken.len() == 1 && broken[0].contains(expected), "{expected}: {broken:?}");
        }
    }

    #[test]
    fn a_run_in_which_nothing_happened_is_worth_nothing() {
        let broken = judge(&Figures::default(), false);
        assert!(broken.len() > 5 && broken.iter().all(|it| it.contains("proves nothing")));
    }
}
