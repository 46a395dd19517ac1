//! The judgement of a run: a sentence for each promise that was broken.

use std::time::Duration;

use crate::figures::{Ask, Breaches, Figures};
use crate::plan::Plan;
use crate::promises;

/// The most requests for app tokens of one App Key in a minute.
const MOST_A_MINUTE: u64 = 10;
/// From the end of an outage to the first token: ten seconds until it is asked for, and a moment for
/// the request.
const RECOVERY: Duration = Duration::from_millis(10_500);
/// A refusal is remembered for a minute, and asking again takes a moment.
const AFTER_TROUBLE: Duration = Duration::from_secs(70);
/// An acquisition ends within 20 s, on a machine that has other things to do as well.
const LONGEST_APP_CALL: Duration = Duration::from_secs(25);
/// What is broken; nothing where all is well.
pub(crate) fn judge(figures: &Figures, plan: &Plan) -> Vec<String> {
    let mut broken: Vec<_> =
        promises::all(figures).into_iter().flat_map(|promise| promise.broken).collect();
    breaches(&mut broken, figures);
    numbers(&mut broken, figures);
    worth(&mut broken, figures, plan);
    broken
}

fn breaches(broken: &mut Vec<String>, figures: &Figures) {
    let mut says = |breaches: &Breaches, what: &str| {
        if breaches.count > 0 {
            broken.push(format!("{} {what} (the first: {})", breaches.count, breaches.first));
        }
    };
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

/// A run in which nothing happened keeps every promise, and is worth nothing.
fn worth(broken: &mut Vec<String>, figures: &Figures, plan: &Plan) {
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
    let had_trouble = !figures.after_trouble.is_empty();
    needs(had_trouble || !plan.has_refusals(), "the service never had trouble");
    needs(figures.tally.noise() > 0, "nobody was refused with a good token");
    needs(figures.tally.unpolled() > 0, "every call was polled until its end");
    let healthy = &figures.healthy;
    needs(!healthy.is_empty(), "no client was watched while the service was well");
    for client in healthy {
        let name = client.kind.name();
        needs(!client.replacements.is_empty(), &format!("no token of {name} was revoked"));
        needs(client.longest > Duration::ZERO, &format!("{name} handed out no user token"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::ClientKind;
    use crate::figures::HealthyFigures;
    use crate::ledger::Requests;

    fn plan() -> Plan {
        Plan::lasting(Duration::from_secs(600), 1).unwrap()
    }

    fn well() -> Figures {
        let mut figures = Figures::default();
        for ask in [Ask::App, Ask::ById, Ask::ByPassword] {
            figures.tally.went_well(ask, Duration::from_secs(1));
        }
        figures.tally.failed(Ask::App, "connect", Duration::from_secs(1));
        figures.tally.gave_up(Ask::App);
        figures.tally.refused();
        figures.tally.left_unpolled();
        let client = |kind| HealthyFigures {
            kind,
            requests: Requests::default(),
            replacements: vec![Some(Duration::from_secs(1)); 2],
            longest: Duration::from_secs(1),
            excused: 1,
        };
        Figures {
            healthy: ClientKind::ALL.map(client).to_vec(),
            acquired: 2,
            worst_minute: 10,
            recoveries: vec![Some(RECOVERY)],
            after_trouble: vec![Some(AFTER_TROUBLE)],
            ..figures
        }
    }

    #[test]
    fn a_run_at_the_edge_of_every_promise_is_well() {
        assert_eq!(judge(&well(), &plan()), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_has_its_sentence_and_no_other() {
        type Break = fn(&mut Figures);
        let breaks: [(Break, &str); 13] = [
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
            (|it| it.after.threads += 1, "1 threads were left over"),
            (|it| it.acquired = 1, "proves nothing: no app token was ever renewed"),
            (|it| it.healthy[1].longest = Duration::ZERO, "noisy handed out no user token"),
            (|it| it.healthy[3].replacements.clear(), "no token of kept-users was revoked"),
        ];
        for (change, expected) in breaks {
            let mut figures = well();
            change(&mut figures);
            let broken = judge(&figures, &plan());
            assert!(broken.len() == 1 && broken[0].contains(expected), "{expected}: {broken:?}");
        }
    }

    #[test]
    fn a_run_without_refusals_needs_no_time_after_them() {
        let figures = Figures { after_trouble: Vec::new(), ..well() };
        assert_eq!(judge(&figures, &plan()).len(), 1);
        let brief = Plan::lasting(Duration::from_secs(60), 1).unwrap();
        assert_eq!(judge(&figures, &brief), Vec::<String>::new());
    }

    #[test]
    fn a_run_in_which_nothing_happened_is_worth_nothing() {
        let broken = judge(&Figures::default(), &plan());
        assert!(broken.len() > 5 && broken.iter().all(|it| it.contains("proves nothing")));
    }
}
