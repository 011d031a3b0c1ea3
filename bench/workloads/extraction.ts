import type { Workload } from './workload.ts';

const people =
  'Anna Keller is 34 and lives in Bern. Tom Brandt is 51 and lives in Basel. Mia Weber is 27 and lives in Chur. ' +
  'Leo Graf is 62 and lives in Thun. Nora Frei is 45 and lives in Zug.';
const shipments =
  'On 3 March the lorry from Hamburg brought 40 crates of apples for the Miller warehouse. On 5 March the lorry from ' +
  'Rotterdam brought 25 crates of oranges for the Harbour warehouse. On 9 March the lorry from Lyon brought 60 crates ' +
  'of pears for the Miller warehouse.';
const books =
  'The catalogue lists "The Glass River" by Helen Ward, published in 1987, "A Winter Almanac" by Peter Stone, published ' +
  'in 1992, and "Letters from the Coast" by Irene Vance, published in 2004.';
const meetings =
  'The budget review is on Monday at 9:00 in room Alder with Clara Jensen. The design review is on Tuesday at 14:30 in ' +
  'room Birch with David Osei. The hiring review is on Thursday at 11:15 in room Cedar with Elena Rossi.';

/** Facts of a text as JSON or XML: names come from the text, the frame repeats. */
export const extraction: Workload = {
  name: 'extraction',
  prompts: [
    {
      user: `Extract the people as a JSON list with name, age and city: ${people}`,
      begin: '[{"name": "Anna Keller", "age": 34, "city": "Bern"}, {"name":',
    },
    {
      user: `Extract the deliveries as a JSON list with date, origin, goods and warehouse: ${shipments}`,
      begin:
        '[{"date": "3 March", "origin": "Hamburg", "goods": "40 crates of apples", "warehouse": "Miller"}, {',
    },
    {
      user: `Extract the books as XML with title, author and year: ${books}`,
      begin:
        '<books>\n  <book>\n    <title>The Glass River</title>\n    <author>Helen Ward</author>\n    <year>1987</year>\n  </book>\n',
    },
    {
      user: `Extract the meetings as XML with topic, day, time, room and person: ${meetings}`,
      begin:
        '<meetings>\n  <meeting>\n    <topic>budget review</topic>\n    <day>Monday</day>\n    <time>9:00</time>\n',
    },
  ],
};
