// Hands a file in with tus-js-client as its users write it. Argument: {endpoint, file, metadata, chunkSize, cutAfter,
// uploadUrl} as JSON. The last line of the output is what came of it, as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The packages are in a folder of their own, which is the working directory.
const tus = createRequire(`${process.cwd()}/`)("tus-js-client");
const given = JSON.parse(process.argv[2]);
const content = readFileSync(given.file);
const seen = { offsets: [], url: null, error: null, submission: null };
const end = () => { console.log(JSON.stringify(seen)); process.exit(0); };

const upload = new tus.Upload(content, {
  endpoint: given.endpoint,
  uploadUrl: given.uploadUrl ?? null,
  metadata: given.metadata,
  chunkSize: given.chunkSize ?? Infinity,
  uploadDataDuringCreation: given.withCreation ?? false,
  uploadLengthDeferred: false,
  retryDelays: [0, 50, 100, 200],
  onAfterResponse: (request, response) => {
    seen.submission = response.getHeader("Introeval-Submission") ?? seen.submission;
    if (request.getMethod() === "HEAD") seen.offsets.push(Number(response.getHeader("Upload-Offset")));
  },
  onUploadUrlAvailable: () => { seen.url = upload.url; },
  onChunkComplete: (size, accepted) => {
    if (given.cutAfter && accepted >= given.cutAfter) { upload.abort(); end(); }
  },
  onError: (error) => { seen.error = error.originalResponse?.getBody() || String(error); end(); },
  onSuccess: () => { seen.url = upload.url; end(); },
});
upload.start();
