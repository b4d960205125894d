//! A disk that fills up under a running server: 507 and nothing taken, reads go on, and so do writes once there is room.

use crate::house::{House, placed};
use crate::process::SmallDisk;
use serde_json::{Value, json};

/// A batch of orders of its own, large enough to be felt.
fn batch(n: usize) -> String {
    let order = |m: usize| {
        let mut order = placed(&format!("e{n}-{m}"), "m1", &format!("b{m}"), "2018-06-01T10:00:00Z");
        order["category"] = json!("x".repeat(150));
        order
    };
    Value::from((0..200).map(order).collect::<Vec<_>>()).to_string()
}

#[test]
fn a_full_disk_answers_507_and_room_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "4m") else { return };
    let house = House::on(folder);
    let mut taken = 0;
    let refused = loop {
        let reply = house.post(batch(taken));
        if reply.status != 200 {
            break reply;
        }
        taken += 1;
        assert!(taken < 1_000, "the disk never filled up");
    };
    assert!(taken > 2, "{taken} batches fitted");
    assert_eq!((refused.status, refused.code().as_str()), (507, "store-full"));
    let events = |house: &House| {
        let found = house.json("/v1/events?limit=1000");
        found["items"].as_array().map_or(0, Vec::len)
    };
    // Full: refused again, with nothing of it there, while every kind of read answers.
    for _ in 0..3 {
        assert_eq!(house.post(batch(taken)).status, 507);
    }
    for path in
        ["/livez", "/v1/parties/merchant:m1/score", "/v1/parties?of=buyer", "/v1/platform", "/metrics"]
    {
        assert_eq!(house.get(path).status, 200, "{path}");
    }
    assert!(events(&house) > 0);
    assert_eq!(house.get(&format!("/v1/events/e{taken}-0?source=shop")).status, 404);
    assert!(house.get("/metrics").text().contains("status=\"507\"} 4"));

    assert!(disk.remount("size=64m"));
    let reply = house.post(batch(taken));
    assert_eq!((reply.status, &reply.json()["taken"]), (200, &json!(200)), "{}", reply.text());
    for n in 0..=taken {
        assert_eq!(house.get(&format!("/v1/events/e{n}-199?source=shop")).status, 200, "{n}");
    }
    // And all of it is there after a new start.
    let house = house.restarted();
    assert_eq!(house.post(batch(0)).json()["duplicates"], json!(200));
    drop(house);
    drop(disk);
}
