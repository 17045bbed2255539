// Looks at every block that cJSON frees, just before it is freed.
#include <cjson/cJSON.h>
#include <malloc.h>

#include <cstdlib>
#include <string_view>

#include "protocol/json.h"
#include "support.h"

namespace mychat {
namespace {

constexpr std::string_view kSecret = "correct horse battery";
int blocks_with_secret = 0;

void inspecting_free(void* block) {
  if (block == nullptr) return;
  const std::string_view bytes(static_cast<const char*>(block), malloc_usable_size(block));
  if (bytes.find(kSecret) != std::string_view::npos) ++blocks_with_secret;
  std::free(block);
}

// calloc, so that no block holds what an earlier owner left in it.
void* clean_malloc(std::size_t size) { return std::calloc(1, size); }

class JsonWipe : public ::testing::Test {
 protected:
  void SetUp() override {
    cJSON_Hooks hooks{clean_malloc, inspecting_free};
    cJSON_InitHooks(&hooks);
    blocks_with_secret = 0;
  }
  void TearDown() override { cJSON_InitHooks(nullptr); }

  static std::string body() { return "{\"a\":[{\"password\":\"" + std::string(kSecret) + "\"}]}"; }
};

TEST_F(JsonWipe, WithoutTheOptionTheSecretIsStillInFreedMemory) {
  Json::parse(body());
  EXPECT_EQ(blocks_with_secret, 1);
}

TEST_F(JsonWipe, WithTheOptionNoFreedBlockHoldsIt) {
  Json::parse(body(), {.wipe = true});
  EXPECT_EQ(blocks_with_secret, 0);
}

TEST_F(JsonWipe, AMovedOrAssignedDocumentIsWipedToo) {
  {
    Json first = Json::parse(body(), {.wipe = true});
    Json second = std::move(first);
    first = Json::parse(body());
    first.wipe_on_destruction();
    second = Json::parse("1");
  }
  EXPECT_EQ(blocks_with_secret, 0);
}

TEST_F(JsonWipe, ADocumentRefusedForARepeatedNameIsWipedToo) {
  const std::string twice = "{\"x\":1,\"x\":2,\"password\":\"" + std::string(kSecret) + "\"}";
  EXPECT_EQ(test::status_of([&] { Json::parse(twice, {.wipe = true}); }), MYCHAT_E_MALFORMED);
  EXPECT_EQ(blocks_with_secret, 0);
}

}  // namespace
}  // namespace mychat
