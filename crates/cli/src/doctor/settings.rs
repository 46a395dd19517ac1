//! The settings that are in use, and where each came from.

use easemob_token::transport::Proxy;

use crate::options::Options;

/// A line for each setting that counts, with the place that it came from, without secrets.
pub(super) fn lines(options: &Options) -> Vec<String> {
    let file = |path: &Option<std::path::PathBuf>| {
        path.as_deref().map(|path| crate::input::shown(path).into_owned())
    };
    let secret = if options.client_secret_file.is_some() {
        format!("in {}", file(&options.client_secret_file).unwrap_or_default())
    } else {
        "set".to_owned()
    };
    let proxy = match &options.proxy {
        Proxy::Off => "none".to_owned(),
        Proxy::Environment => "env".to_owned(),
        Proxy::Url(url) => format!("{}:{}", url.host(), url.port()),
    };
    let system = || "the system's".to_owned();
    let values = [
        ("base URL", "--base-url", options.base_url.as_ref().map(ToString::to_string)),
        ("App Key", "--app-key", options.app_key.as_ref().map(ToString::to_string)),
        ("client ID", "--client-id", options.client_id.as_deref().map(masked)),
        ("client secret", "--client-secret-file", Some(secret)),
        ("transport", "--transport", Some(options.transport.as_str().to_owned())),
        ("proxy", "--proxy", Some(proxy)),
        ("roots", "--ca-file", file(&options.ca_file).or_else(|| Some(system()))),
        ("more roots", "--add-ca-file", file(&options.add_ca_file)),
        ("client certificate", "--client-cert", file(&options.client_cert)),
        ("ttl unit", "--ttl-unit", Some(options.ttl_unit.to_string())),
        ("deadline", "--deadline", Some(crate::time::span(options.deadline))),
    ];
    let line = |(title, option, value): (&str, &str, Option<String>)| {
        value.map(|value| format!("{title}: {value} ({})", options.origins.of(option)))
    };
    values.into_iter().filter_map(line).collect()
}

/// The first characters of a credential: enough to tell one from another.
fn masked(text: &str) -> String {
    let shown: String = text.chars().take(4).collect();
    if text.chars().count() > 8 { format!("{shown}…") } else { "set".to_owned() }
}
