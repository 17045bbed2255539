// Names of the tests' own. getaddrinfo is defined in the test program, so libcurl and the library both come
// here; names that are not listed go to the system's.
#pragma once

#include <string>
#include <vector>

namespace mychat::test {

// While it lives, `name` resolves to these addresses, in this order; to none: EAI_NONAME.
class FakeName {
 public:
  FakeName(std::string name, std::vector<std::string> addresses);
  ~FakeName();
  FakeName(const FakeName&) = delete;
  FakeName& operator=(const FakeName&) = delete;

 private:
  std::string name_;
};

// While it lives, each look-up of `name` gets the next of these addresses; the last one from then on.
class ChangingName {
 public:
  ChangingName(std::string name, std::vector<std::string> addresses);
  ~ChangingName();
  ChangingName(const ChangingName&) = delete;
  ChangingName& operator=(const ChangingName&) = delete;
  int asked() const;

 private:
  std::string name_;
};

// While it lives, looking `name` up does not return; the destructor lets it fail and waits until all have
// returned.
class SilentName {
 public:
  explicit SilentName(std::string name);
  ~SilentName();
  SilentName(const SilentName&) = delete;
  SilentName& operator=(const SilentName&) = delete;
  // True once somebody is inside the look-up.
  bool wait_asked() const;

 private:
  std::string name_;
};

}  // namespace mychat::test
