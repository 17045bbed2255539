/* Stores with an account, keys, contacts and messages, as a client that was online leaves them behind. */
#ifndef MYCHAT_TESTS_C_API_SEED_H
#define MYCHAT_TESTS_C_API_SEED_H

#ifdef __cplusplus
extern "C" {
#endif

#define SEED_ALICE "alice@example.org"
#define SEED_BOB "bob@example.org"     /* A contact, with a history. */
#define SEED_CAROL "carol@example.org" /* A contact whose key changed. */
#define SEED_DAVE "dave@example.org"   /* Nobody ever heard of. */

#define SEED_TEXT_1 "00000000-0000-4000-8000-000000000001" /* From Bob: "Good morning, Alice" */
#define SEED_TEXT_2 "00000000-0000-4000-8000-000000000002" /* From Bob: "Grüße" */
#define SEED_FILE "00000000-0000-4000-8000-000000000003"   /* From Bob: 4 bytes with a NUL among them. */
#define SEED_LOST "00000000-0000-4000-8000-000000000004"   /* From Bob: unreadable, the node lost the key. */
#define SEED_FAILED "00000000-0000-4000-8000-000000000005" /* To Bob: failed. */
#define SEED_NO_MESSAGE "00000000-0000-4000-8000-0000000000ff"
#define SEED_JOURNAL 4 /* Events in the journal: one for each message from Bob. */

/* Fills the 32 bytes that open the seeded stores. */
void seed_store_key(unsigned char* out_key);

/* Makes the store. With `logged_in` it has a session. 0 on success. */
int seed_store(const char* path, const char* node_url, int logged_in);

/* Private keys, PEM: Alice's own and one that is nobody's here. */
const char* seed_alice_key(void);
const char* seed_other_key(void);

#ifdef __cplusplus
}
#endif

#endif
