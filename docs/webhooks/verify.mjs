// Verify a webhook: WEBHOOK_SECRET=whsec_... node verify.mjs ID TIMESTAMP SIGNATURE < body

import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [id, timestamp, signature] = process.argv.slice(2);
const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
const event = new Webhook(process.env.WEBHOOK_SECRET).verify(readFileSync(0), headers);
console.log(event.event, event.id);
