#include "e2ee/open_many.h"

#include <gtest/gtest.h>

#include <string>

#include "support/test_keys.h"

namespace mychat {
namespace {

using test::alice_key;
using test::bob_key;

std::vector<EnvelopeFields> history(std::size_t size) {
  std::vector<EnvelopeFields> out;
  for (std::size_t i = 0; i < size; ++i) {
    const SealOptions options{.sender_key = &alice_key().public_key(), .signing_key = nullptr};
    out.push_back(seal_envelope(view("message " + std::to_string(i)), bob_key().public_key(), {}, options));
  }
  return out;
}

std::vector<OpenJob> jobs_of(const std::vector<EnvelopeFields>& envelopes) {
  std::vector<OpenJob> jobs;
  for (const EnvelopeFields& envelope : envelopes) jobs.push_back({.fields = &envelope});
  return jobs;
}

TEST(OpenMany, KeepsTheOrderAndEachErrorToItself) {
  auto envelopes = history(40);
  envelopes[3].encrypted_key.clear();
  envelopes[17].iv = "AAAA";
  envelopes[29].encrypted_content = envelopes[28].encrypted_content;
  const auto jobs = jobs_of(envelopes);
  for (const unsigned threads : {1U, 2U, 7U, 0U}) {
    const auto results = open_many(jobs, bob_key(), threads);
    ASSERT_EQ(results.size(), jobs.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      ASSERT_NE(results[i].plaintext.has_value(), results[i].error.has_value()) << i;
      if (results[i].plaintext) {
        EXPECT_EQ(*results[i].plaintext, to_secret("message " + std::to_string(i)));
      }
    }
    ASSERT_TRUE(results[3].error && results[17].error && results[29].error);
    EXPECT_EQ(results[3].error->status(), MYCHAT_E_NO_KEY_MATERIAL);
    EXPECT_EQ(results[17].error->status(), MYCHAT_E_MALFORMED);
    EXPECT_EQ(results[29].error->status(), MYCHAT_E_DECRYPT);
    EXPECT_FALSE(results[30].error);
  }
}

TEST(OpenMany, OpensWhatWasSentAndWhatWasReceived) {
  const auto envelopes = history(2);
  const OpenJob sent{.fields = &envelopes[0], .content_type = "text", .as = OpenAs::kSender};
  const OpenJob received{.fields = &envelopes[1]};  // For Bob, not for Alice.
  const std::vector<OpenJob> jobs{sent, received};
  const auto results = open_many(jobs, alice_key());
  EXPECT_TRUE(results[0].plaintext);
  EXPECT_TRUE(results[1].error);
}

TEST(OpenMany, OfNothingIsNothing) { EXPECT_TRUE(open_many({}, bob_key()).empty()); }

TEST(OpenMany, ThatIsStoppedSaysWhatWasNotBegun) {
  const auto envelopes = history(5);
  const auto jobs = jobs_of(envelopes);
  std::stop_source stop;
  stop.request_stop();
  for (const OpenResult& result : open_many(jobs, bob_key(), 2, stop.get_token())) {
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->status(), MYCHAT_E_CANCELLED);
  }
}

}  // namespace
}  // namespace mychat
