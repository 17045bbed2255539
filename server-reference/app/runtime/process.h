// The process and its surroundings: signals, limits, memory, the service manager.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mychat::server {

// Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts from now on, and ignores SIGPIPE.
void block_signals();
// The next of them, or nothing when the time is over first.
std::optional<int> wait_signal(std::chrono::milliseconds time);

// Reads standard input in a thread of its own until it ends, sets `ended`, and sends this process a SIGTERM.
void stop_when_input_ends(std::atomic<bool>& ended);

// Raises the limit of open files to the hard limit; returns it.
std::uint64_t raise_file_limit();
// Few malloc arenas: memory freed by one thread is of use to all.
void bound_malloc();

// "READY=1", "STOPPING=1", ... to the service manager, when there is one ($NOTIFY_SOCKET).
void notify_service_manager(std::string_view state);

// Writes the file so that a reader sees all of it or nothing. Throws Error (MYCHAT_E_IO).
void write_file_atomically(const std::string& path, std::string_view text, unsigned mode);

}  // namespace mychat::server
