//! The rules, one function for each.

use std::task::{Context, Waker};
use std::time::Duration;

use super::{Problem, Run, ensure, join};
use crate::{MAX_RECORD_BYTES, StoreError, StoreErrorKind, Stored, Swap};

const LONG: Duration = Duration::from_secs(60);
/// The shortest time that a rule lets end. Stores may count in milliseconds.
const SHORT: Duration = Duration::from_millis(50);
const RACERS: usize = 8;

type Verdict = Result<(), Problem>;

impl Run<'_> {
    async fn read(&self, key: &str) -> Result<Option<Stored>, Problem> {
        Ok(self.store.read(key).await?)
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&Stored>,
        record: &[u8],
    ) -> Result<Swap, Problem> {
        Ok(self.store.swap(key, expected, record, LONG).await?)
    }

    /// Writes a first record.
    async fn write(&self, key: &str, record: &[u8]) -> Verdict {
        let swap = self.swap(key, None, record).await?;
        ensure(swap == Swap::Done, || "a swap from nothing was not done".to_owned())
    }

    /// Writes a first record and reads it.
    async fn written(&self, key: &str, record: &[u8]) -> Result<Stored, Problem> {
        self.write(key, record).await?;
        let gone = || Problem("a written record is not there".to_owned());
        self.read(key).await?.ok_or_else(gone)
    }

    /// Checks the bytes under a key.
    async fn expect(&self, key: &str, record: &[u8]) -> Verdict {
        let found = self.read(key).await?;
        ensure(is(found.as_ref(), record), || format!("found instead: {found:?}"))
    }
}

fn is(found: Option<&Stored>, record: &[u8]) -> bool {
    found.is_some_and(|it| it.record() == record)
}

pub(super) async fn absent(run: &Run<'_>) -> Verdict {
    let found = run.read(&run.key()).await?;
    ensure(found.is_none(), || format!("found instead: {found:?}"))
}

pub(super) async fn bytes(run: &Run<'_>) -> Verdict {
    let every: Vec<u8> = (0..=255).collect();
    for record in [&every[..], b"\n", b" ends with a space ", b"\xff\xfe\0", b"line\r\n", b"null"] {
        let key = run.key();
        run.write(&key, record).await?;
        run.expect(&key, record).await?;
    }
    Ok(())
}

pub(super) async fn handles(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let other = run.subject.open();
    let first = run.written(&key, b"one").await?;
    let seen = other.read(&key).await?;
    ensure(is(seen.as_ref(), b"one"), || format!("the other handle found {seen:?}"))?;
    let swap = other.swap(&key, Some(&first), b"second", LONG).await?;
    ensure(swap == Swap::Done, || "the other handle's swap was not done".to_owned())?;
    run.expect(&key, b"second").await
}

pub(super) async fn one_is_done(run: &Run<'_>) -> Verdict {
    for round in 0..4 {
        let key = run.key();
        let mut expected = None;
        for stage in 0..4 {
            // No record of a racer is as long as the expected one.
            let record = |racer| format!("{}{racer}", "record".repeat(stage + 1));
            let expected_now = expected.as_ref();
            let racers = (0..RACERS).map(|racer| {
                let store = run.subject.open();
                let (key, record) = (&key, record(racer));
                async move { store.swap(key, expected_now, record.as_bytes(), LONG).await }
            });
            let results = join(racers).await.into_iter().collect::<Result<Vec<_>, _>>()?;
            let done: Vec<_> = (0..RACERS).filter(|it| results[*it] == Swap::Done).collect();
            let [winner] = done[..] else {
                let problem = format!("in round {round}, {} of {RACERS} were done", done.len());
                return Err(Problem(problem));
            };
            run.expect(&key, record(winner).as_bytes()).await?;
            // One after the other, too.
            let late = run.swap(&key, expected.as_ref(), b"late").await?;
            ensure(late == Swap::Changed, || "a later one was done as well".to_owned())?;
            expected = run.read(&key).await?;
        }
    }
    Ok(())
}

pub(super) async fn another_record(run: &Run<'_>) -> Verdict {
    let key = run.key();
    run.write(&key, b"record").await?;
    for other in [&b"recorD"[..], b"Record", b"recor", b"records", b"record\0", b""] {
        let expected = Stored::new(other.to_vec(), Some(LONG));
        let swap = run.swap(&key, Some(&expected), b"new").await?;
        ensure(swap == Swap::Changed, || format!("the length {} was done", other.len()))?;
        run.expect(&key, b"record").await?;
    }
    Ok(())
}

pub(super) async fn not_created(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let expected = Stored::new(&b"record"[..], Some(LONG));
    let swap = run.swap(&key, Some(&expected), b"new").await?;
    ensure(swap == Swap::Changed, || "it was done".to_owned())?;
    run.write(&key, b"first").await
}

pub(super) async fn only_bytes(run: &Run<'_>) -> Verdict {
    let key = run.key();
    run.write(&key, b"0").await?;
    for (old, new, left) in
        [(&b"0"[..], &b"1"[..], None), (b"1", b"2", Some(Duration::ZERO)), (b"2", b"3", Some(LONG))]
    {
        let expected = Stored::new(old.to_vec(), left);
        let swap = run.swap(&key, Some(&expected), new).await?;
        ensure(swap == Swap::Done, || format!("with {left:?} left it was not done"))?;
    }
    Ok(())
}

pub(super) async fn end(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let swap = run.store.swap(&key, None, b"record", SHORT).await?;
    ensure(swap == Swap::Done, || "a swap from nothing was not done".to_owned())?;
    run.subject.pass(2 * SHORT).await;
    let found = run.read(&key).await?;
    ensure(found.is_none(), || format!("found instead: {found:?}"))?;
    run.write(&key, b"next").await?;
    run.expect(&key, b"next").await
}

pub(super) async fn time_anew(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let first = run.written(&key, b"first").await?;
    let swap = run.store.swap(&key, Some(&first), b"second", SHORT).await?;
    ensure(swap == Swap::Done, || "the second swap was not done".to_owned())?;
    run.subject.pass(2 * SHORT).await;
    let found = run.read(&key).await?;
    ensure(found.is_none(), || format!("kept for the time of the first one: {found:?}"))
}

pub(super) async fn left(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let first = run.written(&key, b"record").await?;
    run.subject.pass(2 * SHORT).await;
    let second = run.read(&key).await?.and_then(|it| it.left());
    let (Some(first), Some(second)) = (first.left(), second) else {
        return Ok(());
    };
    ensure(LONG / 2 < first && first <= LONG, || format!("at first {first:?} of {LONG:?}"))?;
    let fell = first.saturating_sub(second);
    ensure(fell >= SHORT, || format!("it fell by {fell:?} in {:?}", 2 * SHORT))
}

pub(super) async fn odd_times(run: &Run<'_>) -> Verdict {
    for keep in [Duration::ZERO, Duration::from_nanos(1)] {
        let key = run.key();
        // A refusal is fine.
        let _ = run.store.swap(&key, None, b"record", keep).await;
        run.subject.pass(SHORT).await;
        let found = run.read(&key).await?;
        ensure(found.is_none(), || format!("kept for {keep:?}, found {found:?}"))?;
    }
    for keep in [Duration::from_secs(90 * 86_400), Duration::MAX] {
        let key = run.key();
        if run.store.swap(&key, None, b"record", keep).await.is_ok() {
            run.expect(&key, b"record").await?;
        }
    }
    Ok(())
}

pub(super) async fn keys(run: &Run<'_>) -> Verdict {
    let long = "long".repeat(500);
    let odd = [
        "", "a", "A", "a ", " a", "a.", "..", "/", "/../a", "a/b", "a_b", "a:b", "a%2fb", "a\0",
        "a\0b", "a\n", "\\", "*", "?", "{a}", "ä", "a\u{308}", "环信", "%s", "con", ".lock",
        ".new",
    ];
    let mut keys: Vec<_> = odd.iter().map(|it| format!("{}{it}", run.prefix)).collect();
    keys.extend(["a", "b"].map(|end| format!("{}{long}{end}", run.prefix)));
    for (number, key) in keys.iter().enumerate() {
        run.write(key, format!("record {number}").as_bytes()).await?;
    }
    for (number, key) in keys.iter().enumerate() {
        run.expect(key, format!("record {number}").as_bytes()).await?;
    }
    Ok(())
}

pub(super) async fn sizes(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let mut expected = None;
    for size in [1, 2, 1023, 4096, 4097, MAX_RECORD_BYTES - 1, MAX_RECORD_BYTES, 16] {
        let record = vec![b'x'; size];
        let swap = run.swap(&key, expected.as_ref(), &record).await?;
        ensure(swap == Swap::Done, || format!("{size} bytes were not written"))?;
        run.expect(&key, &record).await?;
        expected = run.read(&key).await?;
    }
    Ok(())
}

pub(super) async fn empty(run: &Run<'_>) -> Verdict {
    let key = run.key();
    // It may be refused or count as none, since no record of the client is empty.
    let _ = run.store.swap(&key, None, b"", LONG).await;
    let found = run.read(&key).await?;
    ensure(found.as_ref().is_none_or(|it| it.record().is_empty()), || format!("found {found:?}"))?;
    let swap = run.swap(&key, found.as_ref(), b"record").await?;
    ensure(swap == Swap::Done, || "it could not be replaced".to_owned())
}

pub(super) async fn over_the_limit(run: &Run<'_>) -> Verdict {
    let key = run.key();
    let first = run.written(&key, b"first").await?;
    let large = vec![b'x'; MAX_RECORD_BYTES + 1];
    let result = run.store.swap(&key, Some(&first), &large, LONG).await;
    let kind = result.as_ref().err().map(StoreError::kind);
    ensure(kind.is_none_or(|it| it == StoreErrorKind::Refused), || format!("{result:?}"))?;
    let found = run.read(&key).await?;
    // An error says that nothing was written.
    let allowed = if kind.is_some() { is(found.as_ref(), b"first") } else { found.is_none() };
    ensure(allowed, || format!("found instead: {found:?}"))
}

pub(super) async fn foreign(run: &Run<'_>) -> Verdict {
    let large = vec![b'x'; MAX_RECORD_BYTES + 1];
    for bytes in [&large[..], b"", b"foreign", b"\0", &[0xff; 64]] {
        let key = run.key();
        if !run.subject.plant(&key, bytes).await {
            return Ok(());
        }
        let found = run.read(&key).await?;
        let size = bytes.len();
        ensure(size < MAX_RECORD_BYTES || found.is_none(), || format!("{size} bytes were read"))?;
        let swap = run.swap(&key, found.as_ref(), b"record").await?;
        ensure(swap == Swap::Done, || format!("{size} bytes could not be replaced"))?;
        run.expect(&key, b"record").await?;
    }
    Ok(())
}

pub(super) async fn dropped(run: &Run<'_>) -> Verdict {
    for polls in 0..6 {
        let key = run.key();
        let old = run.written(&key, b"the old record").await?;
        let mut swap = run.store.swap(&key, Some(&old), b"the new one", LONG);
        for _ in 0..polls {
            if swap.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                break;
            }
        }
        drop(swap);
        // It may still be done after that, but then only as a whole, and once.
        let mut swaps = 0;
        loop {
            let found = run.read(&key).await?;
            let whole = is(found.as_ref(), b"the old record") || is(found.as_ref(), b"the new one");
            ensure(whole, || format!("after {polls} polls: {found:?}"))?;
            swaps += 1;
            if run.swap(&key, found.as_ref(), b"another").await? == Swap::Done {
                break;
            }
            ensure(swaps < 3, || format!("after {polls} polls no swap is done"))?;
        }
        run.expect(&key, b"another").await?;
    }
    Ok(())
}

pub(super) async fn errors(run: &Run<'_>) -> Verdict {
    const MARK: &str = "MARKED-record";
    let key = run.key();
    let record = run.written(&key, MARK.as_bytes()).await?;
    let mut texts = vec![format!("{:?} {record:?}", run.store)];
    for (store, kind) in run.subject.failing() {
        let read = store.read(&key).await.map(|_| ());
        let swap = store.swap(&key, Some(&record), MARK.as_bytes(), LONG).await.map(|_| ());
        for result in [read, swap] {
            let Err(error) = result else {
                return Err(Problem(format!("no error, but {kind:?} was expected")));
            };
            let found = error.kind();
            ensure(found == kind, || format!("{found:?} instead of {kind:?}: {error}"))?;
            texts.push(format!("{error} {error:?} {store:?}"));
        }
    }
    let secrets = run.subject.secrets();
    for secret in secrets.iter().map(String::as_str).chain([MARK]) {
        let shown = texts.iter().any(|it| it.contains(secret));
        ensure(!shown, || "an error or `Debug` shows a secret or a record".to_owned())?;
    }
    Ok(())
}
