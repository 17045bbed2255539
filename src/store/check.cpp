#include "store/check.h"

#include <exception>
#include <new>

#include "base/error.h"

namespace mychat {
namespace {

constexpr std::size_t kMaxProblems = 100;

void verify_pages(Database& database, CheckReport& report) {
  Query rows = database.query("PRAGMA integrity_check(100)");
  while (rows.step()) {
    if (const std::string line = rows.text(0); line != "ok") add_problem(report, "SQLite: " + line);
  }
}

void verify_references(Database& database, CheckReport& report) {
  Query rows = database.query("PRAGMA foreign_key_check");
  while (rows.step()) add_problem(report, "A row of " + rows.text(0) + " refers to a row that is missing.");
}

void verify_key_slot(Database& database, Sealer& sealer, CheckReport& report) {
  Query rows = database.query("SELECT id, verifier FROM keyslot");
  if (!rows.step()) throw_store_corrupt("The store's key slot is missing.");
  if (text(view(sealer.open(SealedColumn::kVerifier, rows.integer(0), rows.blob(1)))) != kVerifierText) {
    throw_store_corrupt("The store's key verifier is wrong.");
  }
  ++report.values_verified;
}

}  // namespace

void add_problem(CheckReport& report, const std::string& problem) {
  if (report.problems.size() < kMaxProblems) report.problems.push_back(problem);
}

bool check_part(CheckReport& report, const std::function<void()>& part) {
  try {
    part();
    return true;
  } catch (const Error& error) {
    add_problem(report, error.what());
    return false;
  }
}

bool quick_check_passes(Database& database) {
  Query rows = database.query("PRAGMA quick_check(1)");
  return rows.step() && rows.text(0) == "ok";
}

CheckReport check_everything(Database& database, Sealer& sealer) {
  CheckReport report;
  check_part(report, [&] { verify_pages(database, report); });
  check_part(report, [&] { verify_references(database, report); });
  check_part(report, [&] { verify_key_slot(database, sealer, report); });
  for (const auto part : {verify_account, verify_contacts, verify_conversations, verify_messages,
                          verify_outbox, verify_journal, verify_sync}) {
    check_part(report, [&] { part(database, sealer, report); });
  }
  return report;
}

}  // namespace mychat
