//! The terms of both roles, as one page that any subject can read.

use super::answer::{Answer, bytes_of, json};
use super::site::Site;
use axum::extract::State;
use probity_credit::event::{Role, duration_text};
use probity_credit::terms::{Terms, TierTerms};
use probity_primitives::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

/// What one tier grants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermsOfTier {
    /// The tier.
    tier: String,
    /// Discount in basis points.
    discount_bp: u32,
    /// The most that may be open at once.
    #[schema(example = "2500.00")]
    payment_limit: String,
    /// Time until a payout; for buyers, until a refund.
    #[schema(example = "3d")]
    payout_delay: String,
    /// Share of payouts held back, in basis points.
    reserve_bp: u32,
    /// Deposit asked for.
    deposit: String,
    /// Share of a buyer's loss that is covered, in basis points.
    cover_bp: u32,
}

/// The terms of a role.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermsOfRole {
    /// `merchant` or `buyer`.
    of: &'static str,
    /// For people.
    title: String,
    /// Why they are as they are.
    reasoning: String,
    /// From the worst tier to the best.
    tiers: Vec<TermsOfTier>,
    /// Content hash of the file.
    hash: String,
}

/// The terms of both roles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedTerms {
    /// Currency of the amounts.
    currency: String,
    /// Of merchants.
    merchant: TermsOfRole,
    /// Of buyers.
    buyer: TermsOfRole,
    /// A share of the parties is answered by other terms at present, to see how they fare; null when there is no such trial.
    trial: Option<TermsTrial>,
}

/// A trial in which parties of one tier are not all treated alike.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermsTrial {
    /// Whose parties are divided: `merchant` or `buyer`.
    of: &'static str,
    /// The share that is answered otherwise, in basis points. On which side somebody falls follows from the name alone.
    share_bp: u32,
}

fn of_tier(terms: &TierTerms, currency: Currency) -> TermsOfTier {
    let text = |minor: i64| Money { minor, currency }.decimal();
    TermsOfTier {
        tier: terms.tier.clone(),
        discount_bp: terms.discount,
        payment_limit: text(terms.payment_limit),
        payout_delay: duration_text(terms.payout_delay),
        reserve_bp: terms.reserve,
        deposit: text(terms.deposit),
        cover_bp: terms.cover,
    }
}

fn published(site: &Site) -> PublishedTerms {
    let catalogue = site.probity.catalogue();
    let currency = catalogue.rates.reporting;
    let role = |terms: &Terms| TermsOfRole {
        of: terms.of(),
        title: terms.title().to_owned(),
        reasoning: terms.reasoning().trim().to_owned(),
        tiers: terms.list().iter().map(|terms| of_tier(terms, currency)).collect(),
        hash: terms.hash().to_string(),
    };
    PublishedTerms {
        currency: currency.to_string(),
        merchant: role(catalogue.terms(Role::Merchant)),
        buyer: role(catalogue.terms(Role::Buyer)),
        trial: site
            .probity
            .split_running()
            .map(|split| TermsTrial { of: split.of, share_bp: split.share_bp }),
    }
}

/// What each tier grants: the same for everybody in it, unless `trial` says that a share is answered otherwise.
#[utoipa::path(get, path = "/v1/terms", tag = "decisions", operation_id = "getTerms",
    responses((status = 200, description = "The terms of both roles", body = PublishedTerms)))]
pub(crate) async fn get_terms(State(site): State<Site>) -> Answer {
    json(&published(&site))
}

/// The same as a page for people.
#[utoipa::path(get, path = "/terms.html", tag = "decisions", operation_id = "termsPage",
    responses((status = 200, description = "The page", body = String, content_type = "text/html; charset=utf-8")))]
pub(crate) async fn terms_page(State(site): State<Site>) -> Answer {
    Ok(bytes_of("text/html; charset=utf-8", page(&published(&site))))
}

fn page(terms: &PublishedTerms) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Terms by tier</title>\
         <link rel=\"stylesheet\" href=\"/page.css\"></head><body><main><h1>Terms by tier</h1>",
    );
    if let Some(trial) = &terms.trial {
        out.push_str(&format!(
            "<p>A trial runs at present: {} of the {}s, chosen by their names alone, are answered by other rules, which may \
             grant other terms than these. Decisions say on which side they were made.</p>",
            percent(trial.share_bp),
            trial.of
        ));
    }
    for role in [&terms.merchant, &terms.buyer] {
        out.push_str(&format!(
            "<h2>{}</h2><p>{}</p><table><thead><tr>",
            escaped(&role.title),
            escaped(&role.reasoning)
        ));
        for head in ["tier", "discount", "may be open", "payout after", "reserve", "deposit", "cover"] {
            out.push_str(&format!("<th>{head}</th>"));
        }
        out.push_str("</tr></thead><tbody>");
        for tier in &role.tiers {
            let cells = [
                tier.tier.clone(),
                percent(tier.discount_bp),
                format!("{} {}", tier.payment_limit, terms.currency),
                tier.payout_delay.clone(),
                percent(tier.reserve_bp),
                format!("{} {}", tier.deposit, terms.currency),
                percent(tier.cover_bp),
            ];
            let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
            out.push_str(&format!("<tr>{cells}</tr>"));
        }
        out.push_str("</tbody></table>");
    }
    out.push_str("</main></body></html>");
    out
}

fn percent(basis_points: u32) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
