// Ten thousand connections at once, opened and abandoned.
#include <gtest/gtest.h>

#include <sys/resource.h>

#include "server/front_fixture.h"

namespace mychat::server::test {
namespace {

TEST(FrontMany, TenThousandConnectionsOpenedAndAbandoned) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  // Both ends are ours: two descriptors a connection.
  const std::size_t at_once = std::min<std::size_t>(10'000, (limit.rlim_max - 200) / 2);
  FrontConfig config = TestFront::fast();
  config.max_connections = 20'000;
  TestFront front(config);
  TestClient witness(front.port());
  std::vector<std::unique_ptr<TestClient>> clients;
  std::size_t opened = 0;
  while (opened < 10'000) {
    clients.clear();
    for (std::size_t i = 0; i < at_once && opened < 10'000; ++i, ++opened) {
      clients.push_back(std::make_unique<TestClient>(front.port()));
      if (i % 3 == 1) clients.back()->send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx");
      if (i % 3 == 2) {
        ASSERT_EQ(clients.back()->upgrade(), 101);
      }
      if (i % 500 == 0) {
        ASSERT_EQ(witness.request("GET", "/echo").status, 200);
      }
    }
    EXPECT_TRUE(eventually([&] { return front.server->stats().open == clients.size() + 1; }));
    for (std::size_t i = 0; i < clients.size(); i += 2) clients[i]->reset();
  }
  clients.clear();
  EXPECT_TRUE(eventually([&] { return front.server->stats().open == 1; }));
  EXPECT_EQ(witness.request("GET", "/echo").status, 200);
  EXPECT_EQ(front.server->stats().accepted, 10'001U);
}

}  // namespace
}  // namespace mychat::server::test
