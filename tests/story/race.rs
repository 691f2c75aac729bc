//! Two consoles, one queue.

use super::house::House;

#[test]
fn two_reach_for_one_conversation_and_the_loser_is_told_who_won() {
    let house = House::new();
    let (ada, bea) = (house.agent("Ada Ash"), house.agent("Bea Birk"));
    let mut consoles = [&ada, &bea].map(|token| house.console(&house.url(), token, (120, 40)));
    let mut max = house.visitor("Max");
    max.says("Is the Tern waterproof?");
    max.hears("assistant: ");
    max.says("/person");
    for console in &mut consoles {
        console.until_shown("1 waiting for a person");
        console.until_shown("> Max");
    }
    for console in &mut consoles {
        console.press("a");
    }
    let won = |t: &super::terminal::Terminal| t.contents().contains("yours; the assistant is silent");
    let told =
        |t: &super::terminal::Terminal| t.row(-1).contains("Ada Ash") || t.row(-1).contains("Bea Birk");
    for console in &mut consoles {
        console.until("who won", |t| won(t) || told(t));
    }
    let winners = consoles.iter().filter(|t| won(t)).count();
    assert_eq!(winners, 1, "{}\n{}", consoles[0].contents(), consoles[1].contents());
    let ada_won = won(&consoles[0]);
    let (winner, loser) = if ada_won { ("Ada Ash", 1) } else { ("Bea Birk", 0) };
    let loser = &mut consoles[loser];
    loser.until("the winner's name", |t| t.row(-1).contains(winner));
    loser.until_shown(&format!("taken by {winner}"));
    assert_eq!(house.json(&ada, &["queue", "--tab", "all"])[0]["holder"]["name"], winner);
}
