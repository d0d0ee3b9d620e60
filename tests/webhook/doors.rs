//! The same findings at both doors, through a real connection.

use super::client::Client;
use super::pki::Mount;
use super::server::Server;
use crate::admission::doors::{POLICY, compare};

#[test]
fn both_doors_find_the_same_over_tls() {
    let mount = Mount::new();
    let policy = mount.write("policy.yaml", POLICY);
    let server = Server::start(&mount, &["--policy", policy.to_str().unwrap()]);
    let mut connection = Client::of(&server);
    compare(&mut |review| {
        let reply = connection.post("/validate/audit", &review.to_string());
        assert_eq!(reply.status, 200);
        reply.json()["response"].clone()
    });
}
