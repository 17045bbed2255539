import mychat.*;

/** Two nodes in Java: documents, a handshake, a signed request. Ends with an exception if it fails. */
public final class Nodes {
  private static final long NOW = 1_800_000_000_000L;
  private static final String URI = "https://b.example/f/transactions";

  private final String domain;
  private final mychat_federation_node node;
  private final String json;
  private final String known;

  private Nodes(String domain) {
    this.domain = domain;
    byte[][] key = new byte[1][];
    mychat.mychat_federation_new_key(key);
    SendReceive.check(key[0].length == 32, "the size of a key");
    mychat_federation_options options = new mychat_federation_options();
    options.setDomain(domain);
    options.setApi_url("https://" + domain + "/f");
    options.setCapabilities("messages");
    mychat_federation_node[] made = new mychat_federation_node[1];
    mychat.mychat_federation_node_create(options, key[0], made);
    options.delete();
    node = made[0];
    mychat_federation_document_options says = new mychat_federation_document_options();
    says.setSequence(1);
    says.setIssued_at(NOW);
    says.setValid_until(NOW + 86_400_000L);
    String[] text = new String[1];
    mychat.mychat_federation_sign_document(node, says, new byte[0], text);
    says.delete();
    json = text[0];
    mychat_federation_document[] document = new mychat_federation_document[1];
    mychat.mychat_federation_verify_document(json, domain, null, 0, NOW, document);
    SendReceive.check(document[0].getDomain().equals(domain) && document[0].getProtocol() == 2, "the document");
    known = document[0].getKnown();
    document[0].delete();
  }

  static void run() {
    Nodes a = new Nodes("a.example");
    Nodes b = new Nodes("b.example");
    mychat_federation_handshake[] begun = new mychat_federation_handshake[1];
    mychat_federation_handshake[] answered = new mychat_federation_handshake[1];
    mychat.mychat_federation_handshake_begin(a.node, b.domain, NOW, begun);
    String hello = mychat.mychat_federation_handshake_message(begun[0]);
    mychat.mychat_federation_handshake_answer(b.node, hello, a.json, a.known, NOW, answered);
    String welcome = mychat.mychat_federation_handshake_message(answered[0]);
    mychat_federation_agreement[] agreed = new mychat_federation_agreement[1];
    mychat.mychat_federation_handshake_finish(begun[0], welcome, b.json, b.known, NOW, agreed);
    SendReceive.check(agreed[0].getPeer().equals("b.example"), "the agreement");
    String[] id = new String[1];
    mychat.mychat_federation_confirm_id(agreed[0].getConfirm(), id);
    SendReceive.check(id[0].equals(mychat.mychat_federation_handshake_id(answered[0])), "the handshake's name");

    byte[] body = "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    String[] headers = new String[1];
    mychat.mychat_federation_sign_request(a.node, b.domain, "POST", URI, body, NOW, headers);
    mychat.mychat_federation_verify_request(b.node, "POST", URI, headers[0], body, a.known, NOW);
    try {
      mychat.mychat_federation_verify_request(b.node, "POST", URI, headers[0], body, a.known, NOW);
      throw new AssertionError("a replay was taken");
    } catch (MyChatException refused) {
      SendReceive.check(refused.status == mychatConstants.MYCHAT_E_REPLAY, "the refusal of a replay");
    }
    int[] verdict = new int[1];
    mychat.mychat_federation_judge(mychatConstants.MYCHAT_FEDERATION_OPEN, "", "*.example", "x.example", verdict);
    SendReceive.check(verdict[0] == mychatConstants.MYCHAT_FEDERATION_BLOCKED, "the verdict");
    String[] kind = new String[1];
    mychat.mychat_federation_address_kind("::1", kind);
    SendReceive.check(kind[0].equals("loopback"), "the kind of an address");
    agreed[0].delete();
    begun[0].delete();
    answered[0].delete();
    a.node.delete();
    b.node.delete();
  }
}
