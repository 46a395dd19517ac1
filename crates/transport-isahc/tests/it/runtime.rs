//! The runtime without a runtime: what its pauses cost.

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_abandoned_pauses_take_one_thread() {
    use std::pin::Pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use easemob_token_transport::Runtime;
    use easemob_token_transport_isahc::ThreadRuntime;

    if !crate::proxy::is_inner() {
        return crate::proxy::again("runtime::a_thousand_abandoned_pauses_take_one_thread", &[]);
    }
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let before = threads();
    let mut pauses: Vec<Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
    for _ in 0..1_000 {
        let mut pause = ThreadRuntime.sleep(Duration::from_secs(60));
        assert!(pause.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        pauses.push(pause);
    }
    pauses.truncate(500);
    assert!(threads() <= before + 1, "{before} {}", threads());
}
