// Copies of a database that a node may have open.
#pragma once

#include <string>

namespace mychat::server {

// A consistent copy in one file, checked, and durable when this returns. MYCHAT_E_ALREADY_EXISTS when there
// is such a file; MYCHAT_E_STORE_CORRUPT when the database is damaged: then there is no copy.
void backup_database(const std::string& source, const std::string& destination);

}  // namespace mychat::server
