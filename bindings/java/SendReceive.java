import java.nio.file.Path;
import java.util.Arrays;
import mychat.*;

/** The scenario send_receive of bindings/SCENARIOS.md in Java: SendReceive NODE_URL FOLDER. Ends with an exception if it fails. */
public final class SendReceive {
  private static final String[] TEXTS = {
    "Grüße aus Köln", "Здравствуй, мир", "你好，世界", "مرحبا بالعالم", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301 is not \u00e9", "ß".repeat(5000),
  };

  static void check(boolean right, String what) {
    if (!right) throw new AssertionError(what);
  }

  private static mychat_client enter(String nodeUrl, Path folder, String username) {
    mychat_client_options options = new mychat_client_options();
    options.setStore_path(folder.resolve(username + " ✓.mychat").toString());
    options.setPassphrase("Schlüssel ключ 鍵");
    options.setNode_url(nodeUrl);
    mychat_client[] client = new mychat_client[1];
    mychat.mychat_client_create(options, client);
    options.delete();
    mychat_register_options register = new mychat_register_options();
    register.setUsername(username);
    register.setPassword("Paßwort пароль");
    long[] request = new long[1];
    mychat.mychat_client_register(client[0], register, request);
    register.delete();
    mychat_event[] completion = new mychat_event[1];
    mychat.mychat_client_await(client[0], request[0], 60_000, completion);
    check(completion[0].getCompletion().getAccount().getHandle().equals(username + "@localhost"), "the account's handle");
    completion[0].delete();
    return client[0];
  }

  private static String next(mychat_client client, String id) {
    for (;;) {
      mychat_event[] event = new mychat_event[1];
      mychat.mychat_client_poll(client, 60_000, event);
      mychat_message message = event[0].getMessage();
      String text = null;
      if (event[0].getType() == mychatConstants.MYCHAT_EVENT_MESSAGE) {
        check(message.getId().equals(id) && message.getReadable() == 1, "the message's id");
        check(message.getDirection() == mychatConstants.MYCHAT_DIRECTION_IN, "its direction");
        check(Arrays.equals(message.getData(), message.getText().getBytes(java.nio.charset.StandardCharsets.UTF_8)), "its bytes");
        text = message.getText();
      }
      mychat.mychat_client_ack(client, event[0].getSeq());
      event[0].delete();
      if (text != null) return text;
    }
  }

  public static void main(String[] arguments) {
    System.load(arguments[2]);
    Nodes.run();
    Groups.run();
    Path folder = Path.of(arguments[1]);
    mychat_client anna = enter(arguments[0], folder, "anna_java");
    mychat_client bela = enter(arguments[0], folder, "bela_java");
    for (String text : TEXTS) {
      String[] id = new String[1];
      mychat.mychat_client_send_text(anna, "bela_java@localhost", text, id);
      check(next(bela, id[0]).equals(text), text);
      mychat.mychat_client_send_text(bela, "anna_java@localhost", text, id);
      check(next(anna, id[0]).equals(text), text);
    }
    mychat_message_list[] page = new mychat_message_list[1];
    mychat.mychat_client_history(anna, "bela_java@localhost", 0, 500, page);
    check(page[0].getCount() == 2 * TEXTS.length, "the history");
    check(page[0].item(0).getText().equals(TEXTS[TEXTS.length - 1]), "its newest message");
    check(page[0].item(page[0].getCount()) == null, "nothing beyond its end");
    mychat_message kept = page[0].item(0);
    page[0] = null;  // The message alone is held now.
    for (int i = 0; i < 20; ++i) {
      System.gc();
      System.runFinalization();
      mychat.mychat_client_history(anna, "bela_java@localhost", 0, 500, page);  // Takes what was freed.
      page[0].delete();
    }
    check(kept.getText().equals(TEXTS[TEXTS.length - 1]), "a message outlives the proxy of its page");
    try {
      mychat.mychat_client_send_text(anna, "ohne Klammeraffe", "x", null);
      check(false, "a handle without @ is refused");
    } catch (MyChatException error) {
      check(error.status == mychatConstants.MYCHAT_E_INVALID_ARGUMENT && error.domain == mychatConstants.MYCHAT_DOMAIN_API, "the status");
      check(error.operation.equals("mychat_client_send_text") && !error.retryable && error.getMessage().length() > 5, "the error");
    }
    mychat.mychat_client_close(anna);
    anna.delete();
    bela.delete();
    System.out.println("1 passed, 0 failed");
  }
}
