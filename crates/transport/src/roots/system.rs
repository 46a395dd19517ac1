//! The system's root certificates, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead.

use std::ffi::OsString;
use std::path::Path;
use std::{env, fs};

use rustls_native_certs::{CertificateResult, load_certs_from_paths, load_native_certs};

use crate::pem;

/// Loads the root certificates, in DER, that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
///
/// An empty variable counts as unset. Returns `None` if both are unset: then the
/// [platform's](platform_roots) are meant.
///
/// # Errors
///
/// A phrase that names the variable if no certificate was found. It does not show the value.
pub fn roots_from_environment() -> Result<Option<Vec<Vec<u8>>>, String> {
    load(
        |name| env::var_os(name),
        |file| ders(load_certs_from_paths(Some(file), None)),
        |folder| ders(load_certs_from_paths(None, Some(folder))),
    )
}

/// Loads the platform's root certificates, in DER. An empty `SSL_CERT_FILE` counts as unset.
#[must_use]
pub fn platform_roots() -> Vec<Vec<u8>> {
    // `load_native_certs` would take an empty `SSL_CERT_FILE` for a file.
    #[cfg(all(unix, not(target_vendor = "apple")))]
    if env::var_os("SSL_CERT_FILE").is_some() {
        let probe = openssl_probe::probe();
        let file = probe.cert_file.as_deref().map(|file| load_certs_from_paths(Some(file), None));
        let folders = probe.cert_dir.iter().map(|dir| load_certs_from_paths(None, Some(dir)));
        return file.into_iter().chain(folders).flat_map(ders).collect();
    }
    ders(load_native_certs())
}

fn ders(found: CertificateResult) -> Vec<Vec<u8>> {
    found.certs.into_iter().map(|der| der.to_vec()).collect()
}

/// `load_file` and `load_folder` return the certificates that a library finds.
///
/// A folder is always searched, the file only if it is not a faultless PEM text.
fn load(
    variable: impl Fn(&str) -> Option<OsString>,
    load_file: impl Fn(&Path) -> Vec<Vec<u8>>,
    load_folder: impl Fn(&Path) -> Vec<Vec<u8>>,
) -> Result<Option<Vec<Vec<u8>>>, String> {
    let file = variable("SSL_CERT_FILE").filter(|file| !file.is_empty());
    let folders = variable("SSL_CERT_DIR").unwrap_or_default();
    let folders = env::split_paths(&folders).filter(|folder| !folder.as_os_str().is_empty());
    let folders: Vec<_> = folders.collect();
    if file.is_none() && folders.is_empty() {
        return Ok(None);
    }
    let (mut roots, mut problems) = (Vec::new(), Vec::new());
    if let Some(file) = &file {
        match fs::read(file).map(|bytes| pem::certificates(&bytes)) {
            Ok(Ok(found)) => roots.extend(found.iter().map(|item| item.der().to_vec())),
            Ok(Err(phrase)) => {
                roots.extend(load_file(Path::new(file)));
                problems.push(format!("the file that SSL_CERT_FILE names {phrase}"));
            }
            Err(error) => problems.push(format!(
                "SSL_CERT_FILE names a file that cannot be read ({}): correct it or unset it",
                error.kind()
            )),
        }
    }
    for folder in &folders {
        roots.extend(load_folder(folder));
    }
    if !folders.is_empty() {
        problems.push(
            "SSL_CERT_DIR names no folder with certificates: correct it or unset it".to_owned(),
        );
    }
    // A folder has the certificates of the file too, as a rule.
    roots.sort_unstable();
    roots.dedup();
    if roots.is_empty() { Err(problems.join("; ")) } else { Ok(Some(roots)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";

    #[test]
    fn an_empty_variable_counts_as_unset_and_an_unusable_one_is_named() {
        let folder = env::temp_dir().join(format!("easemob-variables-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name).into_os_string().into_string().unwrap();
        let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
        write("good", &format!("\u{feff}{PEM}"));
        write("half", &format!("{PEM}{}", &PEM[..40]));
        write("der", "0\u{2}0\0");
        let (half, there) = (path("half"), path(""));
        for (file, dir, expected) in [
            (None, None, Ok(None)),
            (Some(""), None, Ok(None)),
            (Some(""), Some(""), Ok(None)),
            (None, Some(":"), Ok(None)),
            (Some(path("good").as_str()), Some(""), Ok(Some(1))),
            (Some(&half), None, Ok(Some(2))),
            (Some(""), Some(&there), Ok(Some(2))),
            (Some(&path("good")), Some(&there), Ok(Some(3))),
            (Some("/missing"), Some(&there), Ok(Some(2))),
            (Some("/missing"), None, Err("SSL_CERT_FILE names a file that cannot be read")),
            (Some(&there), Some(""), Err("SSL_CERT_FILE names a file that cannot be read")),
            (Some(&path("der")), None, Err("SSL_CERT_FILE names is DER, not PEM: openssl x509")),
            (None, Some("/missing"), Err("SSL_CERT_DIR names no folder")),
        ] {
            let variable = |name: &str| if name == "SSL_CERT_FILE" { file } else { dir };
            let found = load(
                |name| variable(name).map(OsString::from),
                |file| {
                    vec![vec![1], vec![2]][..if file == Path::new(&half) { 2 } else { 0 }].to_vec()
                },
                |folder| {
                    vec![vec![1], vec![1], vec![3]][..if folder.is_dir() { 3 } else { 0 }].to_vec()
                },
            );
            match expected {
                Ok(count) => assert_eq!(found.unwrap().map(|roots| roots.len()), count, "{file:?}"),
                Err(part) => assert!(found.unwrap_err().contains(part), "{file:?} {dir:?}"),
            }
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
