import type { Workload } from './workload.ts';

const lighthouse =
  'The lighthouse on Gull Point was built in 1871 after three ships were lost on the reef in a single winter. Its lamp ' +
  'burned whale oil at first, later paraffin, and from 1926 on it was electric. The last keeper, Martha Lindqvist, left ' +
  'the tower in 1983, when the light became automatic. Today the tower is a museum, open from May to September, and ' +
  'some nine thousand people climb its 142 steps every year.';
const bridge =
  'The council decided on Tuesday to close the old stone bridge to cars from the first of June. Engineers had found that ' +
  'two of its five arches carry less than half of the weight that they were built for. Cyclists and walkers may use it ' +
  'as before. A temporary bridge of steel will be put up two hundred metres downstream, and repairs are expected to ' +
  'take eighteen months and to cost four million francs.';
const bees =
  'Honey bees tell each other where flowers are by a dance. A bee that has found food runs in a straight line while ' +
  'shaking her body, then circles back and repeats it. The angle of the line to the vertical is the angle of the flight ' +
  'to the sun, and the longer the run takes, the farther away the flowers are. Other bees follow the dance and fly out.';
const letter =
  'Dear Ms Okafor, thank you for your order of twelve oak chairs. We are sorry to say that the workshop is two weeks ' +
  'behind because a delivery of timber was late. Your chairs will be ready on the twentieth of October. If that does not ' +
  'suit you, we will gladly cancel the order and return your deposit of three hundred euros. Yours, J. Almeida.';

const summary4 = (text: string, begin: string) => ({
  user: `Summarize the text in four sentences and quote the sentences that matter most.\n\n${text}`,
  begin,
});

/** Summaries that quote: some of the text comes back, in pieces. */
export const summary: Workload = {
  name: 'summary',
  prompts: [
    summary4(lighthouse, 'The text is about the lighthouse on Gull Point. It says: "'),
    summary4(bridge, 'The text is about an old stone bridge. It says: "'),
    summary4(bees, 'The text is about the dance of honey bees. It says: "'),
    summary4(letter, 'The letter is about an order of chairs. It says: "'),
  ],
};
