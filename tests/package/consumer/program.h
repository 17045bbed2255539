/* What the C and the C++ program both do: open a store, meet a refusal, read the account, free everything. */
#include <mychat/mychat.h>
#include <stdio.h>
#include <string.h>

static int use_mychat(const char* store_path) {
  mychat_error error = MYCHAT_ERROR_INIT;
  mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
  mychat_client* client = NULL;
  mychat_account* account = NULL;
  if (mychat_version_number() != MYCHAT_VERSION_NUMBER) return 1;
  options.store_path = store_path;
  options.passphrase = "a passphrase";
  options.node_url = "https://chat.example.org";
  if (mychat_client_create(&options, &client, &error) != MYCHAT_OK) {
    fprintf(stderr, "%s: %s\n", mychat_status_name(error.status), error.message);
    return 2;
  }
  if (mychat_client_send_text(client, "bob@chat.example.org", "hello", NULL, &error) !=
      MYCHAT_E_INVALID_STATE)
    return 3;
  if (mychat_client_account(client, &account, &error) != MYCHAT_OK) return 4;
  if (strcmp(account->node_url, "https://chat.example.org") != 0 || account->has_identity != 0) return 5;
  mychat_account_free(account);
  mychat_client_free(client);
  printf("mychat %s\n", mychat_version_string());
  return 0;
}
