// Plain JavaScript on purpose: it must run on whatever Node is there when the installation failed.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `moq-observability runs on Node 24 from its own dependencies, but this is Node ${process.versions.node}: ` +
      'the installation did not finish. Run "npx -y pnpm@12 install" and read its output.',
  );
  process.exit(1);
}
