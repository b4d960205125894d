use super::*;
use crate::bins::{Bins, Special, Split};
use crate::card::{Attribute, Characteristic, Pair, Parts};
use crate::scale::{Scale, probability};
use crate::table::Column;
use crate::{Sample, Scorecard, Table};

const EVIL: &str = "<script>alert('x')</script>\"&";

/// A repeatable number from 0 to 1.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn attribute(log_odds: f64) -> Attribute {
    Attribute { log_odds, points: (-log_odds * 72.0) as i32, weight: 100.0, bad: 10.0 }
}

/// Three characteristics (one with a hostile name and long categories) and a pair.
fn card() -> Scorecard {
    let special = vec![Special { name: "no record <b>".to_owned(), values: vec![-9.0] }];
    let cuts: Vec<f64> = (1..10).map(|cut| f64::from(cut) * 10.0).collect();
    let ladder = |from: f64, step: f64| -> Vec<Attribute> {
        (0..10).map(|bin| attribute(from + step * f64::from(bin))).collect()
    };
    let mut utilisation = ladder(-1.1, 0.24);
    utilisation.extend([attribute(0.3), attribute(0.1)]);
    let mut age = ladder(0.7, -0.15);
    age.push(attribute(0.0));
    let long = "a very long name of a category that nobody would want to read to its end but which is there"
        .to_owned();
    let groups = vec![
        vec!["own".to_owned()],
        vec!["rent".to_owned(), long],
        (0..60).map(|place| format!("category {place}")).collect(),
        vec![EVIL.to_owned()],
    ];
    let characteristic = |name: &str, bins: Bins, attributes: Vec<Attribute>| Characteristic {
        name: name.to_owned(),
        dimension: "habits".to_owned(),
        reason: format!("{name} is not what it should be"),
        bins,
        attributes,
    };
    let cut =
        |cuts: &[f64], specials: Vec<Special>| Bins::try_new(Split::Cuts(cuts.to_vec()), specials).unwrap();
    let home = Bins::try_new(Split::Groups { groups, other: 2 }, vec![]).unwrap();
    let mut cells: Vec<Attribute> =
        (0..24).map(|cell| attribute(f64::from(cell % 6 - 2) * 0.1 - 0.05 * f64::from(cell / 6))).collect();
    cells[23].weight = 0.0;
    Scorecard::try_new(Parts {
        name: format!("Card {EVIL}"),
        target: "bad".to_owned(),
        method: "by hand".to_owned(),
        scale: Scale::default(),
        intercept: -2.2,
        base_points: 510,
        characteristics: vec![
            characteristic("utilisation", cut(&cuts, special), utilisation),
            characteristic("age", cut(&cuts, vec![]), age),
            characteristic(
                EVIL,
                home,
                vec![attribute(-0.4), attribute(0.2), attribute(0.1), attribute(0.9), attribute(0.0)],
            ),
        ],
        pairs: vec![Pair {
            first: "age".to_owned(),
            second: "utilisation".to_owned(),
            rows: cut(&[30.0, 60.0], vec![]),
            columns: cut(&[20.0, 40.0, 60.0, 80.0], vec![]),
            cells,
        }],
        calibration: None,
        provenance: vec![("sha256 of the table".to_owned(), "0123456789abcdef".repeat(4))],
    })
    .unwrap()
}

/// Rows drawn by the card's own probabilities; `shift` moves utilisation.
fn sample(rows: usize, seed: u64, shift: f64) -> (Sample, Vec<crate::card::Scored>, Division, Division) {
    let mut dice = Dice(seed);
    let (mut use_, mut age, mut home) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        let value = (dice.next() * dice.next() * 120.0 + shift).min(140.0);
        use_.push(match dice.next() {
            special if special < 0.05 => -9.0,
            missing if missing < 0.1 => f64::NAN,
            _ => value,
        });
        age.push(18.0 + dice.next() * 70.0);
        home.push(match dice.next() {
            own if own < 0.5 => "own",
            rent if rent < 0.8 => "rent",
            other if other < 0.95 => "category 7",
            _ => EVIL,
        });
    }
    let columns = vec![
        Column::numbers("utilisation", use_),
        Column::numbers("age", age.clone()),
        Column::categories(EVIL, home.iter().map(|text| Some(*text))),
    ];
    let card = card();
    let table = Table::try_new(columns).unwrap();
    let scored = card.score(&table).unwrap();
    let bad: Vec<bool> = scored.iter().map(|scored| dice.next() < probability(scored.log_odds)).collect();
    let sample = Sample { table, target: "bad".to_owned(), bad, weight: None, offset: None };
    let months: Vec<String> = (0..12).map(|month| format!("2024-{:02}", month + 1)).collect();
    let periods = Division::try_new(months, (0..rows).map(|row| row * 12 / rows).collect()).unwrap();
    let of_age = |age: &f64| {
        if *age < 40.0 {
            0
        } else if *age < 87.5 {
            1
        } else {
            2
        }
    };
    let names = vec!["under 40".to_owned(), "from 40".to_owned(), format!("oldest {EVIL}")];
    let groups = Division::try_new(names, age.iter().map(of_age).collect()).unwrap();
    (sample, scored, periods, groups)
}

fn told(rows: usize) -> (String, String) {
    let (card, fit, test) = (card(), sample(rows, 1, 0.0), sample(rows / 2, 2, 12.0));
    let options = Options {
        moment: "2026-11-25".to_owned(),
        purpose: format!("To show what a report looks like {EVIL}."),
        limits: vec![format!("Drawn by dice {EVIL}.")],
        trends: vec![("age".to_owned(), Shape::Descending)],
        ..Options::default()
    };
    let first = Named { periods: Some(fit.2.clone()), ..Named::new("fit", &fit.0, &fit.1) };
    let last = Named {
        periods: Some(test.2.clone()),
        segments: vec![(format!("home {EVIL}"), Division::of_column(&test.0.table.columns()[2]))],
        groups: vec![(format!("age group {EVIL}"), test.3.clone())],
        ..Named::new(EVIL, &test.0, &test.1)
    };
    let samples = [first, last];
    (html(&card, &samples, &options).unwrap(), super::model_card(&card, &samples, &options).unwrap())
}

#[test]
fn a_page_is_whole_harmless_and_the_same_each_time() {
    let (page, card) = told(3000);
    assert_eq!((page.clone(), card.clone()), told(3000));
    assert!(!page.contains("<script") && !page.contains("alert('x')"), "texts are escaped");
    assert!(!card.contains("<script"));
    for from_elsewhere in ["http://", "https://", "url(", "@import", "src=", "javascript:"] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
    for figure in ["NaN", "inf", ">-0<"] {
        assert!(!page.replace("information", "").contains(figure), "{figure}");
        assert!(!card.contains(figure), "{figure}");
    }
    for heading in [
        "Performance",
        "Cut-offs",
        "Gains and lift",
        "Stability",
        "Over time",
        "Segments",
        "Fairness",
        "Characteristics",
        "Pairs",
    ] {
        assert!(page.contains(&format!(">{heading}</h2>")), "{heading}");
    }
    for heading in [
        "Purpose",
        "Data",
        "Method",
        "Performance",
        "Stability",
        "Fairness",
        "Limits",
        "How to read the points",
        "Provenance",
    ] {
        assert!(card.contains(&format!("## {heading}\n")), "{heading}");
    }
    assert!(
        page.contains("Groups too small to be judged") && page.contains("class=\"grave\""),
        "there is something to warn of"
    );
}

#[test]
fn tags_are_closed() {
    let (page, _) = told(1500);
    let body = &page[page.find("</style>").unwrap()..];
    let mut open: Vec<&str> = Vec::new();
    for tag in body.split('<').skip(2).map(|rest| rest.split('>').next().unwrap()) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            // The tags around were opened before the style.
            if !["head", "body", "html"].contains(&name) {
                assert_eq!(open.pop(), Some(name), "</{name}>");
            }
        } else if !tag.ends_with('/') && !["body", "meta"].contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, [""; 0]);
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let (card, all) = (card(), sample(400, 3, 0.0));
    let one = || Named::new("fit", &all.0, &all.1);
    let options = Options::default();
    let error = |samples: &[Named<'_>]| html(&card, samples, &options).unwrap_err().to_string();
    assert!(error(&[]).contains("at least one sample"));
    assert!(error(&[one(), one()]).contains("two samples are called \"fit\""));
    assert!(error(&[Named { scored: &all.1[..3], ..one() }]).contains("3 scores for 400 rows"));
    let good: Vec<usize> = (0..400).filter(|&row| !all.0.bad[row]).collect();
    let only = all.0.take(&good);
    let scored: Vec<_> = good.iter().map(|&row| all.1[row]).collect();
    assert!(error(&[Named::new("good", &only, &scored)]).contains("\"good\": no row is bad"));
    let infinite: Vec<_> =
        all.1.iter().map(|scored| crate::card::Scored { log_odds: f64::INFINITY, ..*scored }).collect();
    assert!(error(&[Named { scored: &infinite, ..one() }]).contains("risk is inf in row 1"));
    // One sample alone has no drift to show.
    let page = html(&card, &[one()], &options).unwrap();
    assert!(!page.contains("id=\"stability\"") && page.contains("id=\"performance\""));
}
