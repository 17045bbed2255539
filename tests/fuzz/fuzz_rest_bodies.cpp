// The first byte chooses a body; the rest is its JSON. What is accepted reads back as it was written.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocol/auth.h"
#include "protocol/error_body.h"
#include "protocol/fields.h"
#include "protocol/mailbox.h"
#include "protocol/message.h"
#include "protocol/node_info.h"
#include "protocol/user.h"

namespace {

using namespace mychat;
using namespace mychat::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

// Reading what was printed may not fail: hence noexcept.
template <class T>
void plain(JsonView json) {
  const T value = T::from_json(json);
  [&]() noexcept { require(T::from_json(Json::parse(to_json_text(value))) == value); }();
}

template <class T>
void secret(JsonView json) {
  const T value = T::from_json(json);
  const Secret printed = to_secret_json_text(value);
  [&]() noexcept {
    require(T::from_json(Json::parse(text(view(printed)), limits::kSecretRequest)) == value);
  }();
}

using Check = void (*)(JsonView);
constexpr std::array<Check, 23> kChecks = {
    secret<RegisterRequest>, secret<LoginRequest>,    secret<PasswordChange>, secret<DeleteAccount>,
    plain<ProfileUpdate>,    plain<ContactRequest>,   plain<KeyUpdate>,       plain<SendMessageRequest>,
    plain<ReadRequest>,      plain<AckRequest>,       plain<AuthResponse>,    plain<Session>,
    plain<UserMe>,           plain<UserPublic>,       plain<KeyResponse>,     plain<Contact>,
    plain<MessageOut>,       plain<ConversationPage>, plain<NodeInfo>,        plain<MailboxPage>,
    plain<MessageAnswer>,    plain<AckAnswer>,        plain<ErrorBody>};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  require(ErrorBody::parse(body).sentence().size() <= 200);
  try {
    kChecks[data[0] % kChecks.size()](Json::parse(body, {.max_bytes = 1 << 20}));
  } catch (const ValidationError& error) {
    require(!error.errors().empty());
    require(ErrorBody::parse(error.to_json_text()).fields == error.errors());
  } catch (const Error& error) {
    require(error.status() == MYCHAT_E_MALFORMED || error.status() == MYCHAT_E_TOO_LARGE);
  }
  return 0;
}
