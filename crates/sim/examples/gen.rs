#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
use probity_sim::event::Event;
use probity_sim::platform::Platform;
use probity_sim::setting::Setting;
struct N(u64);
impl Platform for N {
    type Error = std::convert::Infallible;
    fn event(&mut self, e: &Event) -> Result<(), Self::Error> { self.0 = self.0.wrapping_add(e.serial ^ e.at.millis() as u64 ^ e.fields().len() as u64); Ok(()) }
}
fn main() {
    let a: Vec<u32> = std::env::args().skip(1).map(|t| t.parse().unwrap()).collect();
    let mut s = Setting::read(include_str!("../../../catalogue/worlds/marketplace.toml"), include_str!("../../../catalogue/worlds/honest.toml")).unwrap();
    s.world.size.merchants = a[0]; s.world.size.buyers = a[1]; s.world.size.days = a[2];
    let t = std::time::Instant::now();
    let mut n = N(0);
    let Ok(e) = probity_sim::world::run(&s, 7, &mut n, &mut |_, _, _| {});
    println!("{e} events {:?} {:.0}/s, check {}", t.elapsed(), e as f64 / t.elapsed().as_secs_f64(), n.0);
    println!("event {}", size_of::<Event>());
}
