//! irssi and WeeChat from the system's packages, each in an empty home, and the smallest IRC server that fills a channel.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::pty::Pty;

/// Whether the program is there.
pub fn there(program: &str) -> bool {
    std::process::Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success())
}

pub fn irssi(home: &std::path::Path) -> Pty {
    Pty::start("irssi", &[format!("--home={}", home.display()), "--noconnect".into()], &[])
}

pub fn weechat(home: &std::path::Path, commands: &[String]) -> Pty {
    let mut args = vec!["--dir".to_owned(), home.display().to_string(), "--no-connect".into()];
    for command in commands {
        args.extend(["--run-command".to_owned(), command.clone()]);
    }
    Pty::start("weechat", &args, &[])
}

/// A WeeChat that keeps everything, in a channel.
pub fn weechat_in_channel(home: &std::path::Path) -> (Pty, Channel) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let commands = [
        "/set weechat.history.max_buffer_lines_number 0".to_owned(),
        "/set logger.file.auto_log off".into(),
        format!("/server add t 127.0.0.1/{port}"),
        "/set irc.server.t.nicks me".into(),
        "/connect t".into(),
    ];
    let mut weechat = weechat(home, &commands);
    let channel = Channel::accept(&listener);
    weechat.until_shown("#desk");
    // Into the channel's buffer.
    weechat.press("/buffer #desk\r");
    weechat.until("the channel", |screen| {
        screen.contents().contains("me(") || screen.contents().contains("[me")
    });
    (weechat, channel)
}

/// The server's end of a client that has joined `#desk`.
pub struct Channel(TcpStream);

impl Channel {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        while !lines.next().unwrap().unwrap().starts_with("USER ") {}
        let mut channel = Self(stream.try_clone().unwrap());
        for line in ["001 me :hello", "376 me :end"] {
            channel.line(&format!(":bench {line}"));
        }
        channel.line(":me!me@bench JOIN #desk");
        channel.line(":bench 353 me = #desk :me visitor");
        channel.line(":bench 366 me #desk :end");
        std::thread::spawn(move || {
            let mut stream = stream;
            for line in lines.map_while(Result::ok) {
                if let Some(word) = line.strip_prefix("PING ")
                    && write!(stream, ":bench PONG bench {word}\r\n").is_err()
                {
                    break;
                }
            }
        });
        channel
    }

    fn line(&mut self, line: &str) {
        let _ = write!(self.0, "{line}\r\n");
    }

    pub fn say(&mut self, text: &str) {
        self.line(&format!(":visitor!v@bench PRIVMSG #desk :{text}"));
    }

    /// Says so many things, as fast as they are taken.
    pub fn fill(&mut self, count: usize) {
        let mut all = String::new();
        for n in 0..count {
            all.push_str(&format!(":visitor!v@bench PRIVMSG #desk :{} {n}\r\n", super::TEXT));
        }
        self.0.write_all(all.as_bytes()).unwrap();
    }

    /// Goes on saying things at this rate, in a thread, for so long.
    pub fn arrivals(mut self, per_second: u32, time: Duration) {
        std::thread::spawn(move || {
            let began = Instant::now();
            for n in 0.. {
                let due = began + Duration::from_secs(1) * n / per_second;
                if due > began + time {
                    break;
                }
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                self.say(&format!("{} and {n}", super::TEXT));
            }
        });
    }
}
