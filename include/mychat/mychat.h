/**
 * @file mychat.h
 * @brief MyChat: federated, end-to-end-encrypted chat, as a library. This header includes all others.
 *
 * The contract:
 * 1. Strings are UTF-8 and NUL-terminated. Bytes are a pointer and a size; a size of 0 goes with any pointer.
 * 2. Times are int64_t Unix milliseconds, 0 when not known. Sizes and limits are in bytes unless a name says otherwise.
 * 3. A handle is "username@domain". Ids of messages are UUIDs in lower case (36 characters).
 * 4. Inputs are never kept: the library copies what it needs before a call returns.
 * 5. `const T*` that is returned, or stands in a struct, is borrowed from the object that it was got from. What comes
 *    through `T** out_...` is the caller's, freed by the function that the call's description names; every _free
 *    function takes NULL harmlessly. On failure, out parameters are set to NULL or 0.
 * 6. Fallible calls return a mychat_status and take a nullable `mychat_error*` last. There is no errno and no
 *    thread-local state. A call that fails changed nothing, unless its description says otherwise.
 * 7. Any thread may call anything on the same client, at any time except during and after mychat_client_free().
 * 8. Networked calls return at once with a mychat_request_id; exactly one #MYCHAT_EVENT_COMPLETION carries it later.
 *    mychat_client_await() makes any of them synchronous. Everything else answers at once from the local store.
 * 9. Events are pulled. Those with a `seq` are a durable journal: they come again after a crash or restart until
 *    mychat_client_ack() has been called with that `seq` or a later one. Nothing is ever called back into the host
 *    except the log, allocator and store-key functions that it gave, and those that a group of mls.h asks.
 * 10. Structs that begin with `struct_size` only ever grow at the end; enum values are never reused; a function in
 *    these headers stays, with its meaning, for as long as the library's SOVERSION does.
 * 11. Logs never hold plaintext, keys, tokens or passwords. Secrets are wiped from memory when no longer needed.
 * 12. No C++ exception crosses this boundary, and nothing but `mychat_` symbols is exported.
 * 13. After fork() only the parent may go on using its clients; a child creates its own.
 *
 * A program that sends one message and prints what it receives:
 * @code{.c}
 * #include <mychat/mychat.h>
 * #include <stdio.h>
 *
 * int main(void) {
 *   mychat_error error = MYCHAT_ERROR_INIT;
 *   mychat_client_options options = MYCHAT_CLIENT_OPTIONS_INIT;
 *   mychat_client* client = NULL;
 *   mychat_event* event = NULL;
 *   options.store_path = "alice.mychat";
 *   options.passphrase = "local secret";
 *   options.node_url = "https://chat.example.org";
 *   if (mychat_client_create(&options, &client, &error) != MYCHAT_OK ||
 *       mychat_client_start(client, &error) != MYCHAT_OK ||
 *       mychat_client_send_text(client, "bob@chat.example.org", "hello", NULL, &error) != MYCHAT_OK)
 *     fprintf(stderr, "%s\n", error.message);
 *   while (client && mychat_client_poll(client, 10000, &event, &error) == MYCHAT_OK) {
 *     if (event->type == MYCHAT_EVENT_MESSAGE) printf("%s: %s\n", event->data.message->sender, event->data.message->text);
 *    mychat_client_ack(client, event->seq, NULL);
 *     mychat_event_free(event);
 *   }
 *   mychat_client_free(client);
 *   return 0;
 * }
 * @endcode
 */
#ifndef MYCHAT_MYCHAT_H
#define MYCHAT_MYCHAT_H

#include "client.h"
#include "conversation.h"
#include "error.h"
#include "event.h"
#include "federation.h"
#include "keys.h"
#include "memory.h"
#include "message.h"
#include "mls.h"
#include "version.h"

#endif /* MYCHAT_MYCHAT_H */
