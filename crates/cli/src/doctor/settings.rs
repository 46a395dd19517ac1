//! The settings that are in use, and where each came from.

use easemob_token::environment::Environment;
use easemob_token::transport::Proxy;

use crate::option_args::OptionArgs;
use crate::options::Options;

/// Where each setting came from.
pub(crate) struct Origins(Vec<(&'static str, &'static str)>);

impl Origins {
    /// The places of the settings, before their values are read.
    pub(crate) fn of(args: &OptionArgs, environment: &Environment) -> Self {
        let (service, app) = (&args.service, &args.app);
        let settings: [(&str, bool, &[&'static str]); 12] = [
            ("--base-url", service.base_url.is_some(), &["EASEMOB_BASE_URL"]),
            ("--app-key", app.app_key.is_some(), &["EASEMOB_APP_KEY", "EASEMOB_ORG_NAME"]),
            ("--client-id", app.client_id.is_some(), &["EASEMOB_CLIENT_ID"]),
            (
                "--client-secret-file",
                app.client_secret_file.is_some(),
                &["EASEMOB_CLIENT_SECRET_FILE", "EASEMOB_CLIENT_SECRET"],
            ),
            ("--transport", service.transport.is_some(), &["EASEMOB_TRANSPORT"]),
            ("--proxy", service.proxy.is_some(), &["EASEMOB_PROXY"]),
            ("--ca-file", service.ca_file.is_some(), &["EASEMOB_CA_FILE"]),
            ("--add-ca-file", service.add_ca_file.is_some(), &["EASEMOB_ADD_CA_FILE"]),
            ("--ttl-unit", args.unit.ttl_unit.is_some(), &["EASEMOB_TTL_UNIT"]),
            ("--ttl", args.lifetime.ttl.is_some(), &["EASEMOB_TTL"]),
            ("--timeout", service.timeout.is_some(), &["EASEMOB_TIMEOUT"]),
            ("--deadline", args.limit.deadline.is_some(), &["EASEMOB_DEADLINE"]),
        ];
        let is_set = |name: &&'static str| matches!(environment.text(name), Ok(Some(_)) | Err(_));
        let place = |(option, is_option, variables): (&'static str, bool, &[&'static str])| {
            if is_option {
                return (option, option);
            }
            (option, variables.iter().copied().find(is_set).unwrap_or("default"))
        };
        Self(settings.into_iter().map(place).collect())
    }

    /// A line for each setting that counts, without secrets.
    pub(super) fn lines(&self, options: &Options) -> Vec<String> {
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
            ("ttl unit", "--ttl-unit", Some(options.ttl_unit.to_string())),
            ("deadline", "--deadline", Some(crate::time::span(options.deadline))),
        ];
        let line = |(title, option, value): (&str, &str, Option<String>)| {
            value.map(|value| format!("{title}: {value} ({})", self.place(option)))
        };
        values.into_iter().filter_map(line).collect()
    }

    fn place(&self, option: &str) -> &str {
        self.0.iter().find(|(name, _)| *name == option).map_or("default", |(_, place)| place)
    }
}

/// The first characters of a credential: enough to tell one from another.
fn masked(text: &str) -> String {
    let shown: String = text.chars().take(4).collect();
    if text.chars().count() > 8 { format!("{shown}…") } else { "set".to_owned() }
}
