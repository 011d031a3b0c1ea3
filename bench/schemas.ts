// Over 400 lines: data, thirty schemas.
/**
 * What `bench -- schema` asks for. Written from public documentation of the APIs and tools named in `from`; lengths and
 * counts are bounded, so that an answer of 512 tokens can hold the largest.
 */
export interface BenchSchema {
  readonly name: string;
  /** Whose documented tool or object this is; `own` = made here to cover keywords. */
  readonly from: string;
  readonly prompt: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

const text = (maxLength = 40, minLength = 1) => ({ type: 'string', minLength, maxLength });
const list = (items: object, maxItems = 3, minItems = 0) => ({ type: 'array', items, minItems, maxItems });
const integer = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum });
const number = (minimum: number, maximum: number) => ({ type: 'number', minimum, maximum });
const flag = { type: 'boolean' };
const closed = (properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []) => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});
const tool = (name: string, from: string, prompt: string, schema: Readonly<Record<string, unknown>>) => ({
  name,
  from,
  prompt,
  schema,
});

export const benchSchemas: readonly BenchSchema[] = [
  // Tools of public APIs and protocols.
  tool(
    'get_weather',
    'OpenAI, function calling guide',
    'What is the weather like in Paris today?',
    closed({
      location: text(),
      units: { type: ['string', 'null'], enum: ['celsius', 'fahrenheit', null] },
    }),
  ),
  tool(
    'send_email',
    'OpenAI, function calling guide',
    'Send Ilan an email that says hi.',
    closed({
      to: { type: 'string', format: 'email' },
      subject: text(60),
      body: text(160),
    }),
  ),
  tool(
    'search_knowledge_base',
    'OpenAI, function calling guide',
    'Find out about ChatGPT in the AI knowledge base.',
    closed({
      query: text(60),
      options: closed({
        num_results: integer(1, 20),
        domain_filter: { anyOf: [text(30), { type: 'null' }] },
        sort_by: { enum: ['relevance', 'date', 'popularity', 'alphabetical', null] },
      }),
    }),
  ),
  tool(
    'math_reasoning',
    'OpenAI, structured outputs guide',
    'Solve 8x + 7 = -23 step by step.',
    closed({
      steps: list(closed({ explanation: text(60), output: text(30) }), 3, 1),
      final_answer: text(30),
    }),
  ),
  tool('ui_component', 'OpenAI, structured outputs guide (recursive schema)', 'Make a user profile form.', {
    $ref: '#/$defs/component',
    $defs: {
      component: closed({
        type: { enum: ['div', 'button', 'header', 'section', 'field', 'form'] },
        label: text(20, 0),
        children: { type: 'array', maxItems: 1, items: { $ref: '#/$defs/leaf' } },
        attributes: list({ $ref: '#/$defs/attribute' }, 2),
      }),
      leaf: closed({ type: { enum: ['text', 'input'] }, label: text(20, 0) }),
      attribute: closed({ name: text(12), value: text(20) }),
    },
  }),
  // The guide's list goes on without end; this one ends after the third node, because every answer must.
  tool('linked_list', 'OpenAI, structured outputs guide (linked list)', 'A linked list of three numbers.', {
    ...closed({ linked_list: { $ref: '#/$defs/node' } }),
    $defs: {
      node: closed({
        value: integer(0, 999),
        next: { anyOf: [{ $ref: '#/$defs/second' }, { type: 'null' }] },
      }),
      second: closed({
        value: integer(0, 999),
        next: { anyOf: [{ $ref: '#/$defs/last' }, { type: 'null' }] },
      }),
      last: closed({ value: integer(0, 999), next: { type: 'null' } }),
    },
  }),
  tool(
    'get_stock_price',
    'Anthropic, tool use guide',
    "What's the S&P 500 at today?",
    closed({
      ticker: { type: 'string', pattern: '^[A-Z^.]{1,6}$' },
    }),
  ),
  tool(
    'record_summary',
    'Anthropic, tool use cookbook (image summary)',
    'Summarise a photo of a harbour at dusk.',
    closed(
      {
        key_colors: list(closed({ r: number(0, 1), g: number(0, 1), b: number(0, 1), name: text(20) }), 3, 1),
        description: text(120),
        estimated_year: integer(1900, 2030),
      },
      ['estimated_year'],
    ),
  ),
  tool('text_editor', 'Anthropic, text editor tool', 'Replace "foo" with "bar" in src/main.py.', {
    oneOf: [
      closed(
        { command: { const: 'view' }, path: text(40), view_range: { ...list(integer(1, 9999), 2, 2) } },
        ['view_range'],
      ),
      closed({ command: { const: 'str_replace' }, path: text(40), old_str: text(60), new_str: text(60, 0) }),
      closed({ command: { const: 'create' }, path: text(40), file_text: text(120, 0) }),
      closed({
        command: { const: 'insert' },
        path: text(40),
        insert_line: integer(0, 9999),
        insert_text: text(80),
      }),
    ],
  }),
  tool(
    'read_text_file',
    'Model Context Protocol, filesystem server',
    'Show the first lines of the readme.',
    closed(
      {
        path: text(60),
        head: integer(1, 1000),
        tail: integer(1, 1000),
      },
      ['head', 'tail'],
    ),
  ),
  tool(
    'edit_file',
    'Model Context Protocol, filesystem server',
    'Rename a variable in notes.txt, dry run.',
    closed({
      path: text(40),
      edits: list(closed({ oldText: text(40), newText: text(40, 0) }), 3, 1),
      dryRun: { type: 'boolean', default: false },
    }),
  ),
  tool(
    'create_entities',
    'Model Context Protocol, memory server',
    'Remember that Ada works at Acme.',
    closed({
      entities: list(closed({ name: text(20), entityType: text(20), observations: list(text(40), 2) }), 2, 1),
    }),
  ),
  tool(
    'sequential_thinking',
    'Model Context Protocol, sequential thinking server',
    'Think about how to plan a trip.',
    closed(
      {
        thought: text(160),
        nextThoughtNeeded: flag,
        thoughtNumber: { type: 'integer', minimum: 1, maximum: 99 },
        totalThoughts: { type: 'integer', minimum: 1, maximum: 99 },
        isRevision: flag,
        revisesThought: { type: 'integer', minimum: 1, maximum: 99 },
      },
      ['isRevision', 'revisesThought'],
    ),
  ),
  tool(
    'create_issue',
    'GitHub MCP server',
    'Open an issue about the broken login.',
    closed(
      {
        owner: { type: 'string', pattern: '^[A-Za-z0-9-]{1,39}$' },
        repo: { type: 'string', pattern: '^[\\w.-]{1,60}$' },
        title: text(70),
        body: text(120, 0),
        assignees: list(text(20), 2),
        labels: list({ enum: ['bug', 'documentation', 'enhancement', 'question'] }, 3),
        milestone: integer(1, 500),
      },
      ['body', 'assignees', 'labels', 'milestone'],
    ),
  ),
  tool(
    'create_pull_request_review',
    'GitHub MCP server',
    'Review the pull request and ask for changes.',
    closed({
      owner: text(20),
      repo: text(20),
      pullNumber: integer(1, 99999),
      event: { enum: ['APPROVE', 'REQUEST_CHANGES', 'COMMENT'] },
      comments: list(closed({ path: text(40), line: integer(1, 5000), body: text(80) }), 2),
    }),
  ),
  tool(
    'slack_post_message',
    'Slack Web API, chat.postMessage',
    'Tell the team that lunch is here.',
    closed(
      {
        channel: { type: 'string', pattern: '^[CGD][A-Z0-9]{8,10}$' },
        text: text(80),
        thread_ts: { type: 'string', pattern: '^\\d{10}\\.\\d{6}$' },
        blocks: list(
          {
            anyOf: [
              closed({ type: { const: 'divider' } }),
              closed({
                type: { const: 'header' },
                text: closed({ type: { const: 'plain_text' }, text: text(30) }),
              }),
              closed({
                type: { const: 'section' },
                text: closed({ type: { enum: ['mrkdwn', 'plain_text'] }, text: text(60) }),
              }),
            ],
          },
          2,
        ),
      },
      ['thread_ts', 'blocks'],
    ),
  ),
  tool('calendar_event', 'Google Calendar API, Event', 'A meeting with Ada tomorrow at ten.', {
    ...closed(
      {
        summary: text(30),
        start: { $ref: '#/$defs/time' },
        end: { $ref: '#/$defs/time' },
        attendees: list(
          closed({ email: { type: 'string', format: 'email', maxLength: 30 }, optional: flag }, ['optional']),
          2,
        ),
        reminders: closed({
          useDefault: flag,
          overrides: list(closed({ method: { enum: ['email', 'popup'] }, minutes: integer(0, 40320) }), 2),
        }),
      },
      ['attendees', 'reminders'],
    ),
    $defs: {
      time: {
        oneOf: [
          closed({ date: { type: 'string', format: 'date' } }),
          closed({ dateTime: { type: 'string', format: 'date-time' }, timeZone: text(20) }, ['timeZone']),
        ],
      },
    },
  }),
  tool(
    'payment_intent',
    'Stripe API, PaymentIntent',
    'Charge 20 euros to the customer.',
    closed(
      {
        amount: integer(50, 99999999),
        currency: { type: 'string', pattern: '^[a-z]{3}$' },
        customer: { type: 'string', pattern: '^cus_[A-Za-z0-9]{14}$' },
        payment_method_types: list({ enum: ['card', 'sepa_debit', 'ideal', 'paypal'] }, 3, 1),
        metadata: {
          type: 'object',
          additionalProperties: text(30),
          propertyNames: { pattern: '^[a-z_]{1,20}$' },
          maxProperties: 3,
        },
      },
      ['customer', 'metadata'],
    ),
  ),
  tool('geojson', 'RFC 7946, Point and LineString', 'A point at the Eiffel Tower.', {
    $defs: {
      position: {
        type: 'array',
        prefixItems: [number(-180, 180), number(-90, 90)],
        items: false,
        minItems: 2,
      },
    },
    oneOf: [
      closed({ type: { const: 'Point' }, coordinates: { $ref: '#/$defs/position' } }),
      closed({ type: { const: 'LineString' }, coordinates: list({ $ref: '#/$defs/position' }, 4, 2) }),
    ],
  }),
  tool(
    'kubernetes_container',
    'Kubernetes API, Container',
    'A container that runs nginx.',
    closed(
      {
        name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$' },
        image: { type: 'string', pattern: '^[a-z0-9./-]{1,40}(:[A-Za-z0-9_.-]{1,20})?$' },
        imagePullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
        ports: list(
          closed({ containerPort: integer(1, 65535), protocol: { enum: ['TCP', 'UDP', 'SCTP'] } }),
          2,
        ),
        resources: closed({
          limits: closed({
            cpu: { type: 'string', pattern: '^[1-9][0-9]{0,3}m?$' },
            memory: { type: 'string', pattern: '^[1-9][0-9]{0,3}[KMG]i$' },
          }),
        }),
      },
      ['imagePullPolicy', 'ports', 'resources'],
    ),
  ),
  // Made here, to cover the keywords.
  tool(
    'person',
    'own',
    'Invent a person.',
    closed({
      name: text(30),
      age: integer(0, 120),
      email: { type: 'string', format: 'email', maxLength: 60 },
      nickname: { type: 'string', nullable: true, maxLength: 20 },
    }),
  ),
  tool(
    'invoice',
    'own',
    'An invoice over two items.',
    closed({
      id: { type: 'string', format: 'uuid' },
      issued: { type: 'string', format: 'date' },
      lines: list(
        closed({
          title: text(30),
          quantity: integer(1, 99),
          price: { type: 'number', exclusiveMinimum: 0, maximum: 9999.99 },
        }),
        3,
        1,
      ),
      paid: flag,
    }),
  ),
  tool('expression', 'own', 'The expression (1 + 2) * 3 as a tree.', {
    $defs: {
      leaf: closed({ value: integer(-99, 99) }),
      pair: closed({
        op: { enum: ['+', '-', '*', '/'] },
        left: { $ref: '#/$defs/leaf' },
        right: { $ref: '#/$defs/leaf' },
      }),
      node: { anyOf: [{ $ref: '#/$defs/leaf' }, { $ref: '#/$defs/pair' }] },
    },
    ...closed({
      op: { enum: ['+', '-', '*', '/'] },
      left: { $ref: '#/$defs/node' },
      right: { $ref: '#/$defs/node' },
    }),
  }),
  tool('measurement', 'own', 'A temperature that was measured by a sensor.', {
    allOf: [
      { type: 'object', properties: { at: { type: 'string', format: 'date-time' } }, required: ['at'] },
      {
        type: 'object',
        properties: { celsius: { type: 'number', minimum: -90, maximum: 60 } },
        required: ['celsius'],
      },
      { properties: { sensor: { type: 'string', pattern: '^s-[0-9a-f]{4}$' } }, required: ['sensor'] },
    ],
  }),
  tool(
    'network',
    'own',
    'The network settings of a server.',
    closed({
      hostname: { type: 'string', format: 'hostname', maxLength: 40 },
      address: { type: 'string', format: 'ipv4' },
      gateway: { anyOf: [{ type: 'string', format: 'ipv4' }, { type: 'null' }] },
      dns: list({ type: 'string', format: 'ipv4' }, 3, 1),
      mtu: { type: 'integer', minimum: 1280, maximum: 9000, multipleOf: 10 },
    }),
  ),
  tool(
    'recipe',
    'own',
    'A recipe for pancakes.',
    closed({
      title: text(40),
      minutes: { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 600 },
      ingredients: list(
        {
          type: 'array',
          prefixItems: [text(20), number(0.1, 1000), { enum: ['g', 'ml', 'piece'] }],
          items: false,
          minItems: 3,
        },
        4,
        2,
      ),
      steps: list(text(50), 3, 2),
    }),
  ),
  tool(
    'classification',
    'own',
    'Is "I love this phone" positive or negative?',
    closed({
      label: { enum: ['positive', 'negative', 'neutral'] },
      confidence: number(0, 1),
      reasons: list(text(60), 2, 1),
    }),
  ),
  tool('tags', 'own', 'Tag a photo of a dog on a beach.', {
    type: 'object',
    properties: { photo: { type: 'string', format: 'uri', maxLength: 60 } },
    required: ['photo'],
    propertyNames: { pattern: '^[a-z]{1,12}$' },
    additionalProperties: { type: 'string', maxLength: 20 },
    maxProperties: 4,
  }),
  tool('matrix', 'own', 'A matrix of two rows.', list(list(integer(-9, 9), 3, 3), 2, 2)),
  tool(
    'opening_hours',
    'own',
    'When is the bakery open?',
    closed(
      Object.fromEntries(
        ['monday', 'wednesday', 'friday', 'sunday'].map((day) => [
          day,
          {
            anyOf: [
              { const: 'closed' },
              closed({
                from: { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' },
                to: { type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' },
              }),
            ],
          },
        ]),
      ),
    ),
  ),
];
