/**
 * The text that perplexity is measured on: written for nearfar, so that it is in nobody's training data word for word,
 * and free to use. Plain prose of several kinds: a story, an explanation, instructions, a letter. Do not edit it:
 * figures on record are comparable only as long as it stays as it is.
 */
export const measuringText = `The ferry to Halden Island left at a quarter past six in the morning, and in winter that meant leaving in the dark. Marta had taken it every weekday for eleven years, first as a student, then as a nurse, and now as the only doctor the island had. She knew the captain, who never spoke before the second cup of coffee, and she knew the sound that the engine made when the fuel was poor. She knew which of the benches on the upper deck stayed dry when the wind came from the north.

That morning the wind came from the north. She stood at the rail anyway, because the cabin smelled of diesel and wet dogs, and because from the rail she could see the lighthouse before anyone else did. The lighthouse had been automatic since before she was born. There was a room at its foot where the keeper used to live, with a stove, a table and one small window, and the children of the island told each other that the keeper was still in it. Marta had been inside once. There was nothing there but a box of old lamps and the smell of the sea.

When the island came out of the fog she saw that a light was burning in the small window.

She told the captain, who looked at her for a while and said that it was probably the electrician. She told the woman at the bakery, who said that the electrician was on the mainland with a broken wrist. By noon, when she had seen nine patients and had set one finger, she had almost forgotten the light. Then a boy came in with a cut on his knee and told her, quite calmly, that the keeper had come home.

"What does he look like?" Marta asked. She cleaned the cut and did not look up.

"Old," said the boy. "He has a dog with three legs. He says that the lamp is wrong. He says it is too slow, and that a ship will be lost because of it."

After work she took the path along the cliff. The grass was white with salt, and the sea below made the low sound that it makes before a storm. The door of the room stood open. An old man sat at the table with a clock in front of him, counting, and a dog with three legs lay beside the stove. He did not seem surprised.

"Eleven seconds," he said. "It should turn once in ten. I wrote to the office three times, and they answered that the machine measures itself." He pointed at the clock. "A machine that measures itself is always right. That is what is wrong with it."

She sat down and counted with him. The beam passed over the water, over the rocks, over the roof of the church, and back to the water. Eleven seconds. They counted it again, and again it was eleven.

Why does it matter how fast a light turns? A sailor who sees a light on an unknown coast has to decide which light it is. The charts say that one lighthouse flashes every five seconds, that another shows two short flashes and then a pause, and that a third turns once in ten seconds. At night, in rain, the time between two flashes is often the only thing that can be known for certain. The colour may be changed by fog, and the height above the water is hard to judge from a moving deck, but anyone can count. This is why the timing of every light is printed on the chart, and why a light that keeps the wrong time is more dangerous than a light that has gone out. A missing light tells the sailor that something is wrong. A wrong light tells him that he is somewhere else.

The same is true of instruments in general. A thermometer that is broken into pieces deceives no one. A thermometer that reads two degrees too high may spoil a whole year of work before anybody becomes suspicious, because each single reading looks reasonable. For this reason people who measure things for a living do not trust one instrument, however expensive it was. They compare it with another that works in a different way, they measure something whose value they already know, and they write down when they did so and under which conditions. When two instruments disagree, it does not follow that one of them is broken. It may be that they measure different things which happen to have the same name. The time that a letter takes may be counted from the day on the stamp or from the day on which it was put into the box, and both counts are honest, and they differ by a weekend.

There is a second reason for care, which is less often mentioned. Whoever measures has usually a wish. The builder wishes that the bridge will hold, the teacher wishes that the class has learned something, and the merchant wishes that the scales are kind to him. A wish does not need to be dishonest to do damage. It is enough that a result which agrees with the wish is written down at once, while a result which does not agree is measured again. After a hundred measurements the wish has been measured, and nothing else. The remedy is simple and rather dull: decide before measuring how often you will measure and what you will do with the results, and then do exactly that.

How to check a clock against the sun, if you have no other clock:

First, find a place where a post or the corner of a building throws a sharp shadow on level ground in the middle of the day. Mark the end of the shadow with a small stone every few minutes, starting about an hour before noon. The stones will form a gentle curve. The shadow is shortest when the sun stands highest, and that moment is local noon. Because the shadow changes its length very slowly around noon, it is better not to look for the shortest shadow directly. Draw a circle around the foot of the post instead, and note the two moments at which the end of the shadow crosses the circle, once before noon and once after. Local noon lies in the middle between them. Repeat this with a second circle that is a little larger, and you will know how far you can trust the answer. If the two results differ by less than a minute, you have worked well.

Second, remember that local noon is not the noon of the clock on the wall. The clock shows the time of a whole zone, and unless you live exactly on the line for which that time was made, the sun will be early or late by four minutes for every degree of longitude. Besides this, the sun itself does not keep even time. In the middle of February it is about fourteen minutes slow, and at the beginning of November it is more than sixteen minutes fast. The correction is printed in almanacs, and it hardly changes from one year to the next, so a table that is ten years old will do.

Third, write the result into a notebook, with the date and the weather. A single result is a curiosity. Twenty results are a measurement.

Marta wrote the letter that evening at the table in the keeper's room, because her own kitchen was cold and because the old man had a better pen. It was a short letter. She had read many reports in her life, and she had noticed that the short ones were believed.

"To the office of lights and buoys. On the fourth, fifth and sixth of this month the light on Halden Island was observed from two places, by two persons, with three clocks, one hundred times on each evening. The mean time of one turn was eleven seconds and one tenth. The shortest was eleven seconds, the longest eleven and three tenths. The chart says ten. The clocks were compared with the time signal of the radio before and after, and differed from it by less than one second in an hour. We do not know the cause. We think that grease in the bearing has become stiff with the cold, because the turn was slower on the colder nights, but this is only a guess and should not be treated as anything else. We ask that ships be warned until the light has been put right. The observations are enclosed, all three hundred of them, including the eleven that we believe to be mistakes."

The old man read it twice. "Why did you send the mistakes?" he asked.

"Because then they can see that we made some," said Marta. "Who would believe three hundred observations without one?"

The answer came after nine days, which was quick for the office. It thanked them politely, doubted the clocks, and announced that a technician would come when the weather allowed. The weather did not allow it for two weeks. During those two weeks a warning was read out on the radio every evening after the news, between the wind and the tides: that the light on Halden Island was reported to be slow, and that mariners should take care. The captain of the ferry turned the radio up when it was read. He still said nothing, but he nodded at Marta when she came aboard, and once he put a second cup of coffee on the bench that stayed dry.

When the technician came at last, he carried two heavy cases up the path and stayed in the lamp room for a whole day. In the evening he came down with black hands and a small brass wheel, whose teeth were worn smooth on one side. The grease had been all right. It was the wheel that had slipped, a little more in the cold than in the heat, and the machine had counted its own turns by the same wheel and had always found ten seconds.

"So we were wrong about the cause," said Marta.

"You said that you were guessing," the technician answered, "and that is why I looked at everything."

The old man asked whether he could keep the wheel. It lies on the table now, beside the clock, in the room with the one small window. The children say that it belonged to a ship. The light turns once in ten seconds, and on most evenings somebody on the island counts.
`;
