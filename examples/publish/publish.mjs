// Publish the two events beside this file from Node: npm install amqplib; FM_AMQP_URL=amqp://... node publish.mjs
import { readFileSync } from "node:fs";
import amqp from "amqplib";

const connection = await amqp.connect(process.env.FM_AMQP_URL);
const channel = await connection.createConfirmChannel();
channel.on("return", (message) => {
  console.error("nobody takes", message.fields.routingKey);
  process.exitCode = 1;
});
for (const name of ["evidence.json", "question.json"]) {
  const body = readFileSync(new URL(name, import.meta.url));
  const event = JSON.parse(body);
  channel.publish("fm.events", event.type, body, {
    contentType: "application/cloudevents+json",
    persistent: true,
    mandatory: true,
    messageId: event.id,
  });
  await channel.waitForConfirms();
  console.log("published", event.type, "job", event.subject);
}
await connection.close();
