// A bot that is killed once its answer has left, before it could acknowledge what it answered.
import { Bot } from 'mychat';

const [, , options, way] = process.argv;
const given = [];
const bot = new Bot(JSON.parse(options));
bot.on('message', async (message, reply) => {
  given.push(message.text);
  if (message.text === 'Schluß') {
    process.stdout.write(JSON.stringify(given));
    setImmediate(() => void bot.stop());
    return;
  }
  const id = await reply(`Antwort auf ${message.text}`);
  if (way !== 'kill') return;
  while ((await bot.client.message(id)).status === 'queued') await new Promise((resolve) => setTimeout(resolve, 10));
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => undefined);
});
await bot.start();
