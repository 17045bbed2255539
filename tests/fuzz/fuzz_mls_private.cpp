// Private messages: what is inside, and who is said to have sent it, edited by the fuzzer and sealed with the
// group's keys; and messages with octets changed.
#include <cstddef>
#include <cstdint>

#include "mls_insider.h"

namespace {

using namespace mychat;
using namespace mychat::mls;
using namespace mychat::mls::fuzz;

// As seal_private() does it, of any plaintext and any sender.
Message seal(const Insider& insider, PrivateMessage out, const SenderData& sender, const MessageKey& key,
             ByteView plain) {
  const Suite& suite = *insider.name->suite;
  Secret nonce = key.nonce;
  for (std::size_t i = 0; i < 4; ++i) nonce[i] ^= sender.reuse_guard[i];
  Writer aad;
  aad(out.group_id, out.epoch, out.content_type, out.authenticated_data);
  out.ciphertext = suite.seal(key.key, nonce, aad.secret(), plain);
  const ByteView sample = view(out.ciphertext).first(std::min(out.ciphertext.size(), suite.hash_size()));
  Writer outer;
  outer(out.group_id, out.epoch, out.content_type);
  out.encrypted_sender_data =
      suite.seal(suite.expand_with_label(insider.secrets.sender_data, "key", sample, suite.key_size()),
                 suite.expand_with_label(insider.secrets.sender_data, "nonce", sample, Suite::nonce_size()),
                 outer.secret(), encode(sender));
  return {std::move(out)};
}

void run(Choices& choices) {
  static const Insider bob(*the_group()[1]);
  static const Bytes valid = [] {
    Group copy = *bob.name->group;
    return encode(Message{copy.protect(view("something to say"), to_bytes(view("aad")), 9)});
  }();
  Group group = *the_group()[4]->group;
  for (int messages = 0; messages < 6 && !choices.done(); ++messages) {
    const std::uint8_t how = choices.octet();
    std::optional<Message> message;
    try {
      if (how % 4 == 0) {
        message = decode<Message>(edited(valid, choices, 3));
      } else {
        FramedContent content = bob.content();
        content.body = to_secret(view("something to say"));
        content.authenticated_data = to_bytes(choices.take(choices.octet() % 8));
        const AuthenticatedContent inner = bob.sign(content, WireFormat::kPrivateMessage);
        Writer plain;
        FramedContent::each_body(plain, inner.content, ContentType::kApplication);
        AuthData::each_of(plain, inner.auth, ContentType::kApplication);
        plain.raw(Bytes(choices.octet() % 20));
        SenderData sender{1, choices.octet(), {1, 2, 3, 4}};
        if ((how & 16U) != 0) sender.leaf = choices.octet();
        PrivateMessage outer;
        outer.group_id = content.group_id;
        outer.epoch = content.epoch - ((how & 32U) != 0 ? choices.octet() % 4 : 0);
        outer.content_type =
            (how & 64U) != 0 ? static_cast<ContentType>(1 + choices.octet() % 3) : ContentType::kApplication;
        outer.authenticated_data = content.authenticated_data;
        MessageKey key{Secret(16), Secret(12)};
        try {
          key =
              bob.ratchets.find(sender.leaf, ratchet_of(outer.content_type), sender.generation, {1000, 1000})
                  .key;
        } catch (const Error&) {
        }
        message = seal(bob, std::move(outer), sender, key,
                       how % 4 == 1 ? view(plain.bytes()) : view(edited(plain.bytes(), choices)));
      }
    } catch (const Error&) {
      continue;
    }
    Group before = group;
    bool taken = false;
    try {
      const Received received = group.process(*message);
      taken = true;
      if (const auto* const application = std::get_if<ReceivedApplication>(&received))
        check(application->sender == 1);
    } catch (const Error& error) {
      if (error.status() == MYCHAT_E_INTERNAL) throw;
    }
    Group after = group;
    if (!taken) {
      check(before.save() == after.save());
    } else {
      // Once, and not again.
      bool again = true;
      try {
        group.process(*message);
      } catch (const Error&) {
        again = false;
      }
      check(!again);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices({data, size});
  return guard([&] {
    random_state() = 11;
    run(choices);
  });
}
