// What every benchmark prints: one JSON object a line, with the figure of the bare library beneath, measured
// in the same run and interleaved, so that a busy machine disturbs both alike.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

namespace mychat::bench {

// Nearest-rank percentile, 0 < q <= 1; 0 for no samples.
inline double percentile(std::vector<double> samples, double q) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const auto rank = static_cast<std::size_t>(q * static_cast<double>(samples.size()) + 0.999999);
  return samples[std::min(std::max<std::size_t>(rank, 1), samples.size()) - 1];
}

inline double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const std::size_t middle = samples.size() / 2;
  return samples.size() % 2 != 0 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

inline double p95(std::vector<double> samples) { return percentile(std::move(samples), 0.95); }

// `floor` is what the bare library does in the same unit and `ratio` ours over it, in the sense that the aim
// names; both 0 when there is nothing to compare with.
// `more`: further members, as JSON.
inline void print(const std::string& name, const std::string& unit, double middle, double high,
                  std::size_t count, double floor = 0, double ratio = 0, const std::string& more = {}) {
  std::printf(
      "{\"name\":\"%s\",\"unit\":\"%s\",\"median\":%.6g,\"p95\":%.6g,\"n\":%zu,\"floor\":%.6g,\"ratio\":%.4g"
      "%s%s}\n",
      name.c_str(), unit.c_str(), middle, high, count, floor, ratio, more.empty() ? "" : ",", more.c_str());
  std::fflush(stdout);
}

// Samples of ours beside samples of the floor; the ratio is of the medians.
inline void print_samples(const std::string& name, const std::string& unit, const std::vector<double>& ours,
                          const std::vector<double>& floor = {}) {
  const double bare = median(floor);
  print(name, unit, median(ours), p95(ours), ours.size(), bare, bare > 0 ? median(ours) / bare : 0);
}

template <class F>
double seconds(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace mychat::bench
