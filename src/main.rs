//! Arguments in, exit code out.

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    crashlint::cli::main(&[
        #[cfg(feature = "lsp")]
        crashlint::cli::Door { command: crashlint::lsp::command(), run: crashlint::lsp::main },
        #[cfg(feature = "webhook")]
        crashlint::cli::Door { command: crashlint::webhook::command(), run: crashlint::webhook::main },
    ])
}
