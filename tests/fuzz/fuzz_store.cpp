// A store file from anybody: opening it and reading all of it never crashes, leaks or goes on for ever, and a
// file that is refused is unchanged.
//
// Random bytes never get past the header, so the input is a list of changes (position, length, bytes) to a
// good store. An input that begins with "RAW" is taken as the whole file instead.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "base/error.h"
#include "store/store.h"

namespace {

using namespace mychat;

std::string directory() {
  static const std::string made = [] {
    std::string name = "/dev/shm/mychat-fuzz-store-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return name;
  }();
  return made;
}

std::string path() { return directory() + "/store"; }

void remove_files() {
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".lock"}) ::unlink((path() + suffix).c_str());
}

void remove_directory() {
  remove_files();
  ::rmdir(directory().c_str());
}

StoreOptions options() {
  StoreOptions out{.path = path(), .key = StoreKey::host_key(Secret(32, 7))};
  out.kdf = {64, 1, 1};
  out.check = OpenCheck::kNever;
  return out;
}

std::string read_file() {
  std::ifstream in(path(), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string make_good_store() {
  remove_files();
  {
    const auto store = Store::open(options());
    auto transaction = store->begin();
    store->account().set_account({"alice@a.example", "u1", "https://a.example", 5});
    Contact contact;
    contact.handle = "bob@b.example";
    store->contacts().upsert(contact);
    for (int i = 0; i < 12; ++i) {
      Message message;
      message.id = "m" + std::to_string(i);
      message.conversation = message.sender = i % 2 == 0 ? "bob@b.example" : "carol@c.example";
      message.created_at = i;
      if (i == 5) {
        message.envelope = Bytes(200, 1);
      } else {
        message.body = Secret(i == 7 ? 9000 : 40, 'b');
      }
      store->messages().insert(message);
      OutboxEntry entry;
      entry.message_id = message.id;
      entry.lane = message.sender;
      if (i < 3) store->outbox().enqueue(entry);
      store->journal().append(1, {}, i);
    }
    store->sync().set_cursor({"box", 1});
    transaction.commit();
  }
  std::atexit(remove_directory);
  return read_file();
}

const std::string& good_store() {
  static const std::string made = make_good_store();
  return made;
}

template <class Action>
void attempt(Action action) {
  try {
    action();
  } catch (const Error&) {
  }
}

void use(Store& store) {
  attempt([&] { store.check(); });
  attempt([&] { store.account().account(); });
  attempt([&] { store.contacts().list(); });
  attempt([&] { store.conversations().list(); });
  attempt([&] { store.messages().page("bob@b.example", 100); });
  SearchRequest request;
  request.query = "b";
  attempt([&] { store.messages().search(request); });
  attempt([&] { store.messages().list_undecryptable(0, 100); });
  attempt([&] { store.outbox().due(INT64_MAX, 100, false); });
  attempt([&] { store.journal().read(0, 100); });
  attempt([&] { store.sync().cursor(); });
  attempt([&] {
    auto transaction = store.begin();
    Message message;
    message.id = "new";
    message.conversation = "bob@b.example";
    message.body = Secret(5000, 'n');
    store.messages().insert(message);
    store.messages().advance_status("m2", MessageStatus::kRead, 1);
    store.conversations().mark_read("bob@b.example", INT64_MAX, 1);
    store.journal().ack(5);
    store.journal().append(2, {}, 1);
    transaction.commit();
  });
}

std::string changed(const std::uint8_t* data, std::size_t size) {
  std::string file = good_store();
  while (size >= 4) {
    const std::size_t at =
        (data[0] | (std::size_t{data[1]} << 8) | (std::size_t{data[2]} << 16)) % file.size();
    const std::size_t length = std::min({std::size_t{data[3]} % 16 + 1, size - 4, file.size() - at});
    std::memcpy(file.data() + at, data + 4, length);
    data += 4 + length;
    size -= 4 + length;
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bool raw = size >= 3 && std::memcmp(data, "RAW", 3) == 0;
  const std::string content =
      raw ? std::string(reinterpret_cast<const char*>(data) + 3, size - 3) : changed(data, size);
  remove_files();
  {
    std::ofstream out(path(), std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  try {
    auto with = options();
    with.mode = OpenMode::kOpenExisting;
    const auto store = Store::open(with);
    use(*store);
  } catch (const Error& error) {
    if (read_file() != content) std::abort();
    if (error.status() == MYCHAT_E_STORE_KEY) std::abort();  // The key is right; this is damage.
  }
  return 0;
}
