/** [what is asked, options, [text, right option]...]: written for nearfar, each with one defensible answer. */
export const classificationSets: readonly (readonly [
  string,
  readonly string[],
  readonly (readonly [text: string, answer: string])[],
])[] = [
  [
    'Is the sentiment of this review positive or negative? Answer with one word.',
    ['positive', 'negative'],
    [
      ['The hinges squeaked from the first day and the shop refused a refund.', 'negative'],
      ['I have bought three of these as presents and everyone loves theirs.', 'positive'],
      ['Two hours of my life that I will never get back.', 'negative'],
      ['Quiet, quick and half the price of the old one. Wonderful.', 'positive'],
      ['I wanted to like it, but it leaks.', 'negative'],
      ['Not bad at all; I would order it again.', 'positive'],
      ['The worst meal that I have had this year.', 'negative'],
      ['Delivery was a day early and the colours are perfect.', 'positive'],
    ],
  ],
  [
    'Which department should get this message: billing, technical, sales or returns? Answer with the department only.',
    ['billing', 'technical', 'sales', 'returns'],
    [
      ['You have charged my card twice for the same month.', 'billing'],
      ['The app crashes whenever I open the settings.', 'technical'],
      ['How much would a licence for forty people cost us?', 'sales'],
      ['The shoes are too small and I want to send them back.', 'returns'],
      ['My invoice shows the wrong VAT number.', 'billing'],
      ['I cannot connect the printer to the network.', 'technical'],
      ['Do you offer a discount for schools before we order?', 'sales'],
      ['How do I get a label to post the broken lamp back to you?', 'returns'],
    ],
  ],
  [
    'Is this message spam? Answer yes or no.',
    ['yes', 'no'],
    [
      ['CONGRATULATIONS! You have WON a $500 voucher, click here within 24 hours!!!', 'yes'],
      ['Hi Ana, the meeting moves to three. See you there.', 'no'],
      ['Make $9,000 a week from home with this one secret. No experience needed!', 'yes'],
      ['Your dentist appointment is on Tuesday at 10:40.', 'no'],
      ['Dear friend, I am a prince and need your bank details to move my gold.', 'yes'],
      ['Could you send me the slides from yesterday?', 'no'],
    ],
  ],
  [
    'What is the topic of this headline: sports, politics, science or food? Answer with one word.',
    ['sports', 'politics', 'science', 'food'],
    [
      ['Striker scores twice as the hosts reach the final', 'sports'],
      ['Parliament rejects the new election law', 'politics'],
      ['Telescope finds water in the air of a distant planet', 'science'],
      ['Five soups for cold evenings', 'food'],
      ['Marathon runner breaks a record that stood for ten years', 'sports'],
      ['Prime minister reshuffles her cabinet', 'politics'],
      ['Researchers read the genome of an extinct bird', 'science'],
      ['The baker who puts rye into everything', 'food'],
    ],
  ],
  [
    'What does the user want: book, cancel, change or ask? Answer with one word.',
    ['book', 'cancel', 'change', 'ask'],
    [
      ['Please reserve a table for four on Friday.', 'book'],
      ['We cannot come tonight after all, drop our table.', 'cancel'],
      ['Could we come at eight instead of seven?', 'change'],
      ['Do you have high chairs for children?', 'ask'],
      ['I would like a room for two nights from the third.', 'book'],
      ['Make it three nights rather than two.', 'change'],
    ],
  ],
  [
    'Which language is this sentence in: German, French, Spanish or Italian? Answer with one word.',
    ['German', 'French', 'Spanish', 'Italian'],
    [
      ['Wir fahren morgen ans Meer.', 'German'],
      ['Nous avons mangé trop de fromage.', 'French'],
      ['Mañana por la tarde llueve.', 'Spanish'],
      ['Questa sera andiamo al cinema.', 'Italian'],
    ],
  ],
];
