import { assert, assertEquals, assertMatch } from "@std/assert";
import { runTool } from "../support/_tool.ts";
import { NatsServer } from "../support/nats_server.ts";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface DataPoint {
  readonly attributes: readonly Attribute[];
  readonly asDouble?: number;
  readonly asInt?: string;
  readonly count?: string;
  readonly explicitBounds?: readonly number[];
}

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly dataPoints: readonly DataPoint[];
    readonly isMonotonic: boolean;
  };
  readonly histogram?: { readonly dataPoints: readonly DataPoint[] };
}

interface Span {
  readonly name: string;
  readonly traceId: string;
}

/** What an OTLP collector is told, the newest of each. */
class Collector implements AsyncDisposable {
  readonly metrics = new Map<string, Metric>();
  readonly spans: Span[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const body = await request.json();
      for (const { scopeMetrics } of body.resourceMetrics ?? []) {
        for (const { metrics } of scopeMetrics) {
          for (const metric of metrics) this.metrics.set(metric.name, metric);
        }
      }
      for (const { scopeSpans } of body.resourceSpans ?? []) {
        for (const { spans } of scopeSpans) this.spans.push(...spans);
      }
      return Response.json({});
    },
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** A metric's values by those attributes, joined. */
  values(name: string, ...keys: readonly string[]): Map<string, number> {
    const metric = this.metrics.get(name);
    assert(
      metric !== undefined,
      `${name} is not among ${[...this.metrics.keys()]}`,
    );
    const { dataPoints } = (metric.sum ?? metric.histogram)!;
    return new Map(dataPoints.map((point) => [
      keys.map((key) => attribute(point, key)).join(" "),
      Number(point.count ?? point.asDouble ?? point.asInt),
    ]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

function attribute(point: DataPoint, key: string): string | undefined {
  return point.attributes.find((each) => each.key === key)?.value.stringValue;
}

Deno.test("OpenTelemetry gets counters, durations and traces", async () => {
  await using server = await NatsServer.start();
  await using collector = new Collector();
  const program = new URL("support/_measured_program.ts", import.meta.url);
  const stdout = await runTool(Deno.execPath(), [
    ...["run", "-q", "-P=tests", "--no-lock"],
    ...["--config", new URL("../../deno.json", import.meta.url).pathname],
    program.pathname,
    server.url,
  ], {
    inherit: true,
    vars: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      NO_COLOR: "1",
    },
  });

  const stores = ["db.system.name", "db.namespace"];
  const counters: [name: string, expected: [string, number][]][] = [
    ["aether.store.saves", [["nats orders", 3], ["aether kept", 1]]],
    ["aether.store.saved.events", [["nats orders", 3], ["aether kept", 1]]],
    ["aether.store.duplicates", [["nats orders", 1]]],
    ["aether.store.conflicts", [["nats orders", 1]]],
    ["aether.store.event_stored.published", [["nats orders", 3]]],
  ];
  for (const [name, expected] of counters) {
    assertEquals(collector.values(name, ...stores), new Map(expected), name);
    assertEquals(collector.metrics.get(name)!.sum!.isMonotonic, true);
  }

  const operations = collector.values(
    "db.client.operation.duration",
    ...[...stores, "db.operation.name", "error.type"],
  );
  assertEquals(
    operations,
    new Map([
      ["nats orders saveEvent ", 2],
      ["nats orders saveEvents ", 1],
      ["nats orders saveEvent VersionConflictError", 1],
      ["nats orders getEvents ", 1],
      ["aether kept saveEvent ", 1],
    ]),
  );
  const durations = collector.metrics.get("db.client.operation.duration")!;
  assertEquals(durations.unit, "s");
  const { explicitBounds } = durations.histogram!.dataPoints[0]!;
  assertEquals(explicitBounds, [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]);

  const bus = [
    "messaging.system",
    "messaging.operation.name",
    "messaging.destination.name",
  ];
  assertEquals(
    collector.values("messaging.client.sent.messages", ...bus),
    new Map([["nats publish __internal__", 3], ["nats publish orders", 5]]),
  );
  assertEquals(
    collector.values("messaging.client.consumed.messages", ...bus),
    new Map([["nats receive __internal__", 3], ["nats receive orders", 2]]),
  );
  const dropped = "aether.bus.dropped.messages";
  assertEquals(
    collector.values(dropped, bus[0]!, bus[2]!),
    new Map([["nats orders", 3]]),
  );
  assertEquals(collector.metrics.get(dropped)!.unit, "{message}");

  const traceId = stdout.trim();
  assertMatch(traceId, /^[0-9a-f]{32}$/);
  const saves = collector.spans.filter(({ name }) => name === "save");
  assertEquals(saves.map((span) => span.traceId), [traceId]);
});
