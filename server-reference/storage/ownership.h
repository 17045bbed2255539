// Whose the node's files are.
#pragma once

#include <string>

namespace mychat::server {

// The operator's commands may run as root, the node does not: a file that root makes goes to the owner of
// `model` (a file or folder), so that the node can use it. Does nothing for anybody but root. Throws
// MYCHAT_E_IO.
void give_to_owner_of(int fd, const std::string& model);

std::string folder_of(const std::string& path);

}  // namespace mychat::server
