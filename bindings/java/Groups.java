import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import mychat.*;

/** A group of MLS in Java: two members who write to each other, one of whom is stored and loaded. Ends with an exception if it
 *  fails. */
public final class Groups {
  private static final int SUITE = mychatConstants.MYCHAT_MLS_DEFAULT_SUITE;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Takes in whom it knows, and has one pre-shared key. */
  private static final class Asked extends MlsAsked {
    final Set<String> known = new HashSet<>(Set.of("Anna", "Béla"));
    int asked;

    @Override
    protected boolean accept(mychat_mls_credential credential, byte[] signatureKey, byte[] groupId) {
      ++asked;
      SendReceive.check(signatureKey.length == 32, "the size of a key");
      String name = new String(credential.getIdentity(), StandardCharsets.UTF_8);
      if (name.equals("Carol")) throw new IllegalStateException("the directory is away");
      return known.contains(name);
    }

    @Override
    protected byte[] psk(mychat_mls_psk_id id) {
      return Arrays.equals(id.getId(), bytes("name")) ? bytes("a key that both have") : null;
    }
  }

  private static mychat_mls_leaf_options leaf(String name) {
    byte[][] key = new byte[1][];
    byte[][] credential = new byte[1][];
    mychat.mychat_mls_new_signature_key(SUITE, key);
    mychat.mychat_mls_basic_credential(bytes(name), credential);
    mychat_mls_leaf_options leaf = new mychat_mls_leaf_options();
    SendReceive.check(leaf.set_credential(credential[0]) && leaf.set_private_key(key[0]), "a leaf");
    return leaf;
  }

  private static byte[] protect(mychat_mls_group group, String text) {
    byte[][] message = new byte[1][];
    mychat.mychat_mls_group_protect(group, bytes(text), bytes("seen"), 32, message);
    return message[0];
  }

  private static void hears(mychat_mls_group group, byte[] message, String text, String from) {
    mychat_mls_received[] received = new mychat_mls_received[1];
    mychat.mychat_mls_group_process(group, message, received);
    SendReceive.check(received[0].getContent() == mychatConstants.MYCHAT_MLS_CONTENT_APPLICATION, "what it holds");
    SendReceive.check(Arrays.equals(received[0].getData(), bytes(text)), "the text");
    SendReceive.check(Arrays.equals(received[0].getAad(), bytes("seen")), "what is seen");
    SendReceive.check(Arrays.equals(received[0].getCredential().getIdentity(), bytes(from)), "who it is from");
    received[0].delete();
  }

  /** Somebody of this name, as a proposal to add him. */
  private static byte[] stranger(String name) {
    mychat_mls_leaf_options leaf = leaf(name);
    mychat_mls_key_package[] pack = new mychat_mls_key_package[1];
    byte[][] published = new byte[1][], add = new byte[1][];
    mychat.mychat_mls_key_package_create(SUITE, leaf, pack);
    mychat.mychat_mls_key_package_message(pack[0], published);
    mychat.mychat_mls_propose_add(published[0], add);
    pack[0].delete();
    leaf.delete();
    return add[0];
  }

  /** What the program says, and throws, is what counts. */
  private static void asks(Asked asked, mychat_mls_group anna, mychat_mls_group bela) {
    mychat_mls_commit_options what = new mychat_mls_commit_options();
    mychat_mls_commit[] commit = new mychat_mls_commit[1];
    what.set_proposals(stranger("Mallory"));
    try {
      mychat.mychat_mls_group_commit(anna, what, commit);
      throw new AssertionError("a stranger was taken in");
    } catch (MyChatException refused) {
      SendReceive.check(refused.status == mychatConstants.MYCHAT_E_SIGNATURE && refused.detail == 102, "the refusal of a stranger");
    }
    what.set_proposals(stranger("Carol"));
    try {
      mychat.mychat_mls_group_commit(anna, what, commit);
      throw new AssertionError("what was thrown is lost");
    } catch (IllegalStateException thrown) {
      SendReceive.check(thrown.getMessage().equals("the directory is away"), "what was thrown");
    }
    byte[][] psk = new byte[1][], message = new byte[1][];
    mychat.mychat_mls_propose_psk(SUITE, bytes("name"), psk);
    what.set_proposals(psk[0]);
    mychat.mychat_mls_group_commit(anna, what, commit);
    mychat.mychat_mls_commit_message(commit[0], message);
    mychat_mls_received[] received = new mychat_mls_received[1];
    mychat.mychat_mls_group_process(bela, message[0], received);
    SendReceive.check(received[0].getCommit().getProposals().item(0).getPsk() != null, "the key that went in");
    mychat.mychat_mls_group_apply(anna, commit[0]);
    SendReceive.check(asked.asked > 4, "who was asked for");
    received[0].delete();
    commit[0].delete();
    what.delete();
  }

  static void run() {
    Asked asked = new Asked();
    mychat_mls_options options = new mychat_mls_options();
    options.set_asked(asked);
    mychat_mls_leaf_options annas = leaf("Anna"), belas = leaf("Béla");
    mychat_mls_group[] anna = new mychat_mls_group[1], bela = new mychat_mls_group[1];
    mychat.mychat_mls_group_create(options, SUITE, annas, null, anna);

    mychat_mls_key_package[] pack = new mychat_mls_key_package[1];
    mychat.mychat_mls_key_package_create(SUITE, belas, pack);
    byte[][] published = new byte[1][], add = new byte[1][], welcome = new byte[1][];
    mychat.mychat_mls_key_package_message(pack[0], published);
    mychat.mychat_mls_propose_add(published[0], add);
    mychat_mls_commit_options what = new mychat_mls_commit_options();
    SendReceive.check(what.set_proposals(add[0]) && what.set_aad(bytes("why")), "a commit");
    mychat_mls_commit[] commit = new mychat_mls_commit[1];
    mychat.mychat_mls_group_commit(anna[0], what, commit);
    mychat_mls_summary[] summary = new mychat_mls_summary[1];
    mychat.mychat_mls_commit_summary(commit[0], summary);
    SendReceive.check(Arrays.equals(summary[0].getAdded(), new long[] {1}) && summary[0].getEpoch() == 1, "the summary");
    SendReceive.check(summary[0].getProposals().item(0).getType() == mychatConstants.MYCHAT_MLS_ADD, "its proposal");
    mychat.mychat_mls_commit_welcome(commit[0], welcome);
    mychat.mychat_mls_group_apply(anna[0], commit[0]);
    long[] used = {7};
    mychat.mychat_mls_group_join(options, welcome[0], new mychat_mls_key_package[] {pack[0]}, null, null, used, bela);
    SendReceive.check(used[0] == 0, "which key package it was");

    hears(bela[0], protect(anna[0], "Grüße an Béla"), "Grüße an Béla", "Anna");
    hears(anna[0], protect(bela[0], "你好 👋"), "你好 👋", "Béla");
    byte[] once = protect(anna[0], "einmal");
    hears(bela[0], once, "einmal", "Anna");
    try {
      hears(bela[0], once, "einmal", "Anna");
      throw new AssertionError("a replay was taken");
    } catch (MyChatException refused) {
      SendReceive.check(refused.status == mychatConstants.MYCHAT_E_REPLAY && refused.operation.equals("mychat_mls_group_process"),
                        "the refusal of a replay");
    }

    asks(asked, anna[0], bela[0]);
    hears(bela[0], protect(anna[0], "mit Schlüssel"), "mit Schlüssel", "Anna");

    mychat_mls_record_list[] records = new mychat_mls_record_list[1];
    mychat.mychat_mls_group_save(bela[0], records);
    Map<String, byte[]> stored = new LinkedHashMap<>();
    for (long i = 0; i < records[0].getCount(); ++i) stored.put(records[0].item(i).getId(), records[0].item(i).getContent());
    records[0].delete();
    bela[0].delete();
    mychat.mychat_mls_group_load(options, stored, bela);
    hears(bela[0], protect(anna[0], "noch da?"), "noch da?", "Anna");

    mychat_mls_group_state[] state = new mychat_mls_group_state[1];
    mychat.mychat_mls_group_describe(bela[0], state);
    SendReceive.check(state[0].getMember_count() == 2 && state[0].getOwn_leaf() == 1 && state[0].getReinit() == null, "the state");
    mychat_mls_member_list[] members = new mychat_mls_member_list[1];
    mychat.mychat_mls_group_members(bela[0], members);
    SendReceive.check(Arrays.equals(members[0].item(1).getCredential().getIdentity(), bytes("Béla")), "the members");
    for (mychat_mls_group group : new mychat_mls_group[] {anna[0], bela[0]}) group.delete();
    for (mychat_mls_leaf_options one : new mychat_mls_leaf_options[] {annas, belas}) one.delete();
    state[0].delete();
    members[0].delete();
    summary[0].delete();
    commit[0].delete();
    what.delete();
    pack[0].delete();
    options.delete();
    asked.close();
  }
}
