//! Point 13: values of variables, and data of Secrets, are in nothing that is kept.

use super::*;

/// Marks every value that may be a secret, and returns how many there are.
fn mark(value: &mut Value, marked: &mut usize) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let variables = key == "env" && value.is_array();
                for variable in value.as_array_mut().into_iter().flatten().filter(|_| variables) {
                    if let Some(text) = variable.get_mut("value") {
                        *text = format!("{} s3cr3t", text.as_str().unwrap_or_default()).into();
                        *marked += 1;
                    }
                }
                mark(value, marked);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, marked)),
        _ => {}
    }
}

#[test]
fn point_13_no_value_of_a_variable_is_in_any_answer_or_record() {
    let policy = policy("extends: strict\nmutate: [missing-startup-probe, aggressive-liveness-probe]\n");
    let mut marked = 0;
    let mut objects = doors::objects();
    // Where the values end up in the command line.
    objects.push(yaml(
        "apiVersion: v1
kind: Pod
metadata: {name: told, namespace: shop}
spec:
  containers:
    - name: app
      image: $(TAG)
      command: [echo, $(PASSWORD)]
      env: [{name: PASSWORD, value: a}, {name: TAG, value: b}, {name: NUMBER, value: 5}]
    - name: shell
      image: busybox:1
      command: [sh, -c, 'echo $(PASSWORD)']
      env: [{name: PASSWORD, value: a}]
    - name: named
      image: busybox:1
      command: [$(PROGRAM)]
      env: [{name: PROGRAM, value: date}]
",
    ));
    for mut object in objects {
        let before = marked;
        mark(&mut object, &mut marked);
        if marked == before {
            continue;
        }
        let review = review("CREATE", &object, None);
        let mut doors = vec![Door::Mutate];
        doors.extend(Mode::ALL.map(|mode| Door::Validate(Some(mode))));
        for door in doors {
            let answer = ask(door, &review, &policy);
            let kept = format!("{} {:?}", String::from_utf8_lossy(&answer.body), answer.record);
            assert!(!kept.contains("s3cr3t"), "{kept}");
        }
    }
    assert!(marked > 50, "{marked}");
}

#[test]
fn point_13_commands_and_credentials_are_not_in_the_audit_log() {
    let policy = policy("extends: strict\n");
    for (field, value) in [
        ("command", json!(["curl", "-u", "admin:s3cr3t", "http://example"])),
        ("command", json!(["sh", "-c", "export PASSWORD=s3cr3t; echo $PASSWORD"])),
        ("command", json!(["mysqldump", "-ps3cr3t"])),
        ("args", json!("s3cr3t")),
        ("env", json!(["PASSWORD=s3cr3t"])),
        ("env", json!([{"name": "PASSWORD=s3cr3t", "value": 5}])),
        ("image", json!("https://user:s3cr3t@registry.example/app:1")),
    ] {
        let mut object = deployment("registry.example/app:1", "[/server]");
        object["spec"]["template"]["spec"]["containers"][0][field] = value.clone();
        let mut rollout = object.clone();
        rollout["apiVersion"] = "argoproj.io/v1alpha1".into();
        rollout["kind"] = "Rollout".into();
        for object in [object, rollout] {
            for mode in Mode::ALL {
                let answer = ask(Door::Validate(Some(mode)), &review("CREATE", &object, None), &policy);
                let kept = format!("{} {:?}", response(&answer)["auditAnnotations"], answer.record);
                assert!(!kept.contains("s3cr3t"), "{value}: {kept}");
            }
        }
    }
}
