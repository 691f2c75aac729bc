//! The `baton` binary: parse, dispatch, exit code; nothing else.

fn main() -> std::process::ExitCode {
    baton::cli::main()
}
