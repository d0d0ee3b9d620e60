//! The variables that the kubelet makes of Services for every pod of their namespace.

use super::Set;
use super::facts::{Fact, Sort};
use super::neighbours::Home;
use super::services::{Exposes, Service};
use crate::k8s::image::glob;
use std::collections::BTreeMap;

/// A variable that stands for a Service.
#[derive(Clone, Debug)]
pub struct Link<'s> {
    /// Its name.
    pub variable: String,
    /// Its value, `ADDRESS` in place of the Service's address.
    pub value: String,
    /// The Service's name.
    pub service: &'s str,
    /// The Service.
    pub fact: &'s Fact,
}

impl Link<'_> {
    /// Whether its value is a URL, where a program asks for a number or an address.
    #[must_use]
    pub fn is_url(&self) -> bool {
        self.value.contains("://")
    }
}

/// Names of Services by what their variables begin with.
#[derive(Debug, Default)]
pub(super) struct LinkNames(BTreeMap<String, Vec<Box<str>>>);

/// Services that are asked for one pattern. Beyond, nothing is said.
const MAX_SERVICES: usize = 64;

/// What a Service's variables begin with (makeEnvVariableName, kubernetes `pkg/kubelet/envvars/envvars.go`).
fn env_name(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}

impl Set {
    fn link_names(&self) -> &LinkNames {
        self.link_names.get_or_init(|| {
            let mut all = LinkNames::default();
            let mut services: Vec<&str> =
                self.named.keys().filter(|(sort, _)| *sort == Sort::Service).map(|(_, name)| &**name).collect();
            services.sort_unstable();
            for name in services {
                all.0.entry(env_name(name)).or_default().push(name.into());
            }
            all
        })
    }

    /// The variables whose names a pattern matches and that a pod gets of the Services beside it; `*` stands for anything.
    /// None where a kustomization gives objects other names.
    #[must_use]
    pub fn links(&self, pattern: &str, home: Home<'_>) -> Vec<Link<'_>> {
        if !self.prefixes.is_empty() || !self.suffixes.is_empty() {
            return Vec::new();
        }
        let stem = pattern.split('*').next().unwrap_or_default();
        let all = &self.link_names().0;
        // What begins the variable begins the pattern, or the other way round.
        let shorter = (1..stem.len()).filter(|at| stem.is_char_boundary(*at) && stem.as_bytes()[*at] == b'_');
        let shorter = shorter.filter_map(|at| all.get_key_value(&stem[..at]));
        let longer = all.range(stem.to_owned()..).take_while(|(name, _)| name.starts_with(stem)).take(MAX_SERVICES);
        let names = shorter.chain(longer.filter(|_| pattern.contains('*')));
        let mut found = Vec::new();
        for name in names.flat_map(|(_, names)| names) {
            for fact in self.named(Sort::Service, name, home.0) {
                let beside = self.neighbours((fact.namespace.as_deref(), fact.file), home).is_some();
                let Some(service) = fact.service().filter(|service| beside && service.exposes == Exposes::Address)
                else {
                    continue;
                };
                found.extend(
                    variables(name, service)
                        .into_iter()
                        .filter(|(variable, _)| glob(pattern, variable))
                        .map(|(variable, value)| Link { variable, value, service: name, fact }),
                );
            }
        }
        found
    }
}

/// All variables of a Service with an address (FromServices and makeLinkVariables, kubernetes
/// `pkg/kubelet/envvars/envvars.go`); where its ports can't be read, those that it has for certain.
fn variables(name: &str, service: &Service) -> Vec<(String, String)> {
    let name = env_name(name);
    let mut found = vec![(format!("{name}_SERVICE_HOST"), "ADDRESS".to_owned())];
    for (at, port) in service.ports.iter().flatten().enumerate() {
        let (number, protocol) = (port.number, &port.protocol);
        let url = format!("{protocol}://ADDRESS:{number}");
        if at == 0 {
            found.push((format!("{name}_PORT"), url.clone()));
            found.push((format!("{name}_SERVICE_PORT"), number.to_string()));
        }
        if !port.name.is_empty() {
            found.push((format!("{name}_SERVICE_PORT_{}", env_name(&port.name)), number.to_string()));
        }
        let of_port = format!("{name}_PORT_{number}_{}", protocol.to_uppercase());
        found.push((format!("{of_port}_PROTO"), protocol.to_string()));
        found.push((format!("{of_port}_PORT"), number.to_string()));
        found.push((format!("{of_port}_ADDR"), "ADDRESS".to_owned()));
        found.push((of_port, url));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::set::services::{Place, ServicePort};

    #[test]
    fn variables_of_a_service() {
        let port = |number, name: &str, protocol: &str| ServicePort {
            number,
            name: name.into(),
            protocol: protocol.into(),
            leads: None,
            target: None,
            span: Place::default(),
        };
        let ports = Some(vec![port(53, "dns-tcp", "tcp"), port(54, "", "udp")]);
        let service = Service { exposes: Exposes::Address, ports, selector: None, selector_span: Place::default() };
        let found: Vec<String> =
            variables("my-dns", &service).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            found,
            [
                "MY_DNS_SERVICE_HOST=ADDRESS",
                "MY_DNS_PORT=tcp://ADDRESS:53",
                "MY_DNS_SERVICE_PORT=53",
                "MY_DNS_SERVICE_PORT_DNS_TCP=53",
                "MY_DNS_PORT_53_TCP_PROTO=tcp",
                "MY_DNS_PORT_53_TCP_PORT=53",
                "MY_DNS_PORT_53_TCP_ADDR=ADDRESS",
                "MY_DNS_PORT_53_TCP=tcp://ADDRESS:53",
                "MY_DNS_PORT_54_UDP_PROTO=udp",
                "MY_DNS_PORT_54_UDP_PORT=54",
                "MY_DNS_PORT_54_UDP_ADDR=ADDRESS",
                "MY_DNS_PORT_54_UDP=udp://ADDRESS:54",
            ]
        );
    }
}
