/**
 * People of whom encyclopaedias speak, as they are mostly written: rulers, statesmen, philosophers, scientists, writers,
 * artists, entertainers. Written down from general knowledge for nearfar; not complete, and nobody in it is unprotected: beside
 * words that speak of a person one knows, these names count as others do.
 */
export const publicFigures = `
Abraham Lincoln; Adam Smith; Ada Lovelace; Adolf Hitler; Agatha Christie; Alan Turing; Albert Camus; Albert Einstein;
Albert Bandura; Aldous Huxley; Alexander Fleming; Alexander Graham Bell; Alexander Hamilton; Alexander Pope; Alexander
Pushkin; Alexis de Tocqueville; Alfred Adler; Alfred Binet; Alfred Hitchcock; Alfred Marshall; Alfred Nobel; Alfred
Wegener; Amelia Earhart; Amerigo Vespucci; Andrew Carnegie; Andrew Jackson; Andrew Johnson; Andy Warhol; Angela
Merkel; Anna Freud; Anne Frank; Anne Boleyn; Antoine Lavoisier; Anton Chekhov; Antonin Scalia; Antonio Gramsci;
Antonio Vivaldi; Arthur Conan Doyle; Arthur Miller; Arthur Schopenhauer; Augusto Pinochet; Aung San Suu Kyi; Ayn Rand;
Barack Obama; Barbara McClintock; Baruch Spinoza; Ben Bernanke; Benito Juárez; Benito Mussolini; Benjamin Disraeli;
Benjamin Franklin; Benjamin Harrison; Bernard Williams; Bernie Sanders; Bertrand Russell; Betty Friedan; Bill Clinton;
Bill Gates; Billie Holiday; Blaise Pascal; Bob Dylan; Bob Marley; Booker T. Washington; Boris Johnson; Boris
Pasternak; Boris Yeltsin; Brad Pitt; Britney Spears; Calvin Coolidge; Carl Gauss; Carl Jung; Carl Linnaeus; Carl
Rogers; Carl Sagan; Carol Gilligan; Charles Babbage; Charles Darwin; Charles Dickens; Charles de Gaulle; Charles
Lindbergh; Charles Lyell; Charlie Chaplin; Charlotte Brontë; Che Guevara; Chester Arthur; Christine de Pizan;
Christopher Columbus; Christopher Marlowe; Clarence Thomas; Claude Monet; Claude Shannon; Cristiano Ronaldo; Dante
Alighieri; Daniel Defoe; Daniel Dennett; Daniel Kahneman; Daniel Webster; David Beckham; David Bowie; David Cameron;
David Hilbert; David Hume; David Livingstone; David Ricardo; Deng Xiaoping; Derek Parfit; Desmond Tutu; Dmitri
Mendeleev; Donald Trump; Donald Rumsfeld; Dorothea Dix; Dred Scott; Dwight Eisenhower; Dwight D. Eisenhower; Edgar
Allan Poe; Edmund Burke; Edmund Husserl; Edmund Hillary; Edward Jenner; Edward Said; Edward Snowden; Edwin Hubble;
Eleanor Roosevelt; Eli Whitney; Elizabeth Cady Stanton; Elizabeth Warren; Elon Musk; Elton John; Elvis Presley; Emile
Durkheim; Émile Durkheim; Emily Brontë; Emily Dickinson; Emmanuel Macron; Emmeline Pankhurst; Enrico Fermi; Erik
Erikson; Ernest Hemingway; Ernest Rutherford; Ernest Shackleton; Erving Goffman; Erwin Schrödinger; Eugene Debs; Eva
Perón; Federico Fellini; Ferdinand Magellan; Fidel Castro; Florence Nightingale; Francis Bacon; Francis Crick; Francis
Drake; Francis Galton; Francis Scott Key; Francisco Franco; Francisco Goya; Francisco Pizarro; Frank Lloyd Wright;
Frank Sinatra; Franklin D. Roosevelt; Franklin Roosevelt; Franklin Pierce; Franz Ferdinand; Franz Boas; Franz Joseph;
Franz Kafka; Franz Liszt; Franz Schubert; Frederick Douglass; Frederick Taylor; Frederick Winslow Taylor; Frida Kahlo;
Friedrich Engels; Friedrich Hayek; Friedrich Nietzsche; Friedrich Schiller; Fritz Lang; Fyodor Dostoevsky; Galileo
Galilei; Gamal Abdel Nasser; Geoffrey Chaucer; Georg Cantor; Georg Hegel; Georg Wilhelm Friedrich Hegel; George
Berkeley; George Bernard Shaw; George Boole; George Bush; George H. W. Bush; George W. Bush; George Clooney; George
Eliot; George Herbert Mead; George Kennan; George Mason; George Marshall; George Orwell; George Washington; George
Wallace; Gerald Ford; Geraldine Ferraro; Giuseppe Garibaldi; Giuseppe Mazzini; Giuseppe Verdi; Gloria Steinem; Golda
Meir; Gordon Allport; Gottfried Leibniz; Gottlob Frege; Greta Thunberg; Gregor Mendel; Grover Cleveland; Guglielmo
Marconi; Gustav Mahler; Gustave Flaubert; Hannah Arendt; Hans Christian Andersen; Harold Wilson; Harriet Beecher
Stowe; Harriet Tubman; Harry Truman; Harry S. Truman; Harry Potter; Heinrich Himmler; Helen Keller; Henri Bergson;
Henri Matisse; Henri Poincaré; Henry Clay; Henry Ford; Henry James; Henry Kissinger; Henry David Thoreau; Henry
Hudson; Henry Mintzberg; Herbert Hoover; Herbert Spencer; Herman Melville; Hernan Cortes; Hernando Cortes; Hernán
Cortés; Hernando de Soto; Hillary Clinton; Ho Chi Minh; Hosni Mubarak; Horace Mann; Hugo Chávez; Hugo Grotius;
Humphrey Bogart; Immanuel Kant; Indira Gandhi; Isaac Asimov; Isaac Newton; Isaiah Berlin; Ivan Pavlov; Ivan Turgenev;
Jack London; Jack Nicholson; Jackie Robinson; Jacques Cartier; Jacques Derrida; Jacques Lacan; Jacques Rousseau; James
Baldwin; James Buchanan; James Clerk Maxwell; James Cook; James Dean; James Garfield; James Joule; James Joyce; James
Madison; James Monroe; James Polk; James Watson; James Watt; Jane Addams; Jane Austen; Jane Goodall; Jean-Jacques
Rousseau; Jean-Paul Sartre; Jean Piaget; Jean Baptiste Lamarck; Jeff Bezos; Jefferson Davis; Jeremy Bentham; Jesse
Jackson; Jesse Owens; Jesus Christ; Jimmy Carter; Jimi Hendrix; Joan Rivers; Joe Biden; Johann Fichte; Johann
Gutenberg; Johann Sebastian Bach; Johann Wolfgang von Goethe; Johannes Brahms; Johannes Gutenberg; Johannes Kepler;
Johannes Vermeer; John Adams; John Quincy Adams; John Austin; John Brown; John Bowlby; John C. Calhoun; John Calhoun;
John Calvin; John Cabot; John D. Rockefeller; John Rockefeller; John Dalton; John Dewey; John Donne; John F. Kennedy;
John Kennedy; John Keats; John Keynes; John Kerry; John Lennon; John Locke; John Marshall; John Maynard Keynes; John
McCain; John Milton; John Nash; John Paul II; John Rawls; John Ruskin; John Searle; John Smith; John Snow; John
Steinbeck; John Stuart Mill; John Tyler; John Von Neumann; John Watson; John Wayne; John Wesley; John Winthrop; Jonas
Salk; Jonathan Edwards; Jonathan Swift; Joseph Conrad; Joseph Haydn; Joseph Lister; Joseph McCarthy; Joseph Priestley;
Joseph Smith; Joseph Stalin; Josip Broz Tito; Juan Perón; Jules Verne; Julia Roberts; Julius Caesar; Julius Nyerere;
Jürgen Habermas; Karl Barth; Karl Marx; Karl Popper; Karl Rove; Keith Richards; Kim Jong Il; Kim Jong Un; Kofi Annan;
Konrad Adenauer; Konrad Lorenz; Kurt Gödel; Kurt Lewin; Kurt Vonnegut; Kwame Nkrumah; Lady Gaga; Lawrence Kohlberg;
Lech Walesa; Lee Harvey Oswald; Leo Tolstoy; Leon Trotsky; Leonard Bernstein; Leonardo da Vinci; Leonardo DiCaprio;
Leonhard Euler; Leonid Brezhnev; Lev Vygotsky; Levi Strauss; Lewis Carroll; Lewis Henry Morgan; Linus Pauling; Linus
Torvalds; Lord Byron; Louis Armstrong; Louis Pasteur; Ludwig van Beethoven; Ludwig Wittgenstein; Luiz Inácio Lula da
Silva; Lyndon Johnson; Lyndon B. Johnson; Madeleine Albright; Mahatma Gandhi; Mohandas Gandhi; Mohandas Karamchand
Gandhi; Malcolm X; Mao Zedong; Mao Tse-tung; Marco Polo; Marcus Aurelius; Marcus Garvey; Margaret Mead; Margaret
Sanger; Margaret Thatcher; Maria Montessori; Marie Antoinette; Marie Curie; Marilyn Monroe; Mark Antony; Mark Twain;
Mark Zuckerberg; Marlon Brando; Martha Stewart; Martin Heidegger; Martin Luther; Martin Luther King; Martin Van Buren;
Mary Shelley; Mary Wollstonecraft; Matthew Perry; Max Planck; Max Weber; Maximilien Robespierre; Maya Angelou; Meryl
Streep; Michael Faraday; Michael Jackson; Michael Jordan; Michael Porter; Michel Foucault; Michelle Obama; Mick
Jagger; Miguel de Cervantes; Mikhail Gorbachev; Milton Friedman; Muammar Gaddafi; Muhammad Ali; Mustafa Kemal; Nancy
Pelosi; Naomi Klein; Napoleon Bonaparte; Nat Turner; Neil Armstrong; Nelson Mandela; Niccolo Machiavelli; Niccolò
Machiavelli; Nicolaus Copernicus; Nicolas Sarkozy; Niels Bohr; Nikita Khrushchev; Nikola Tesla; Noam Chomsky; Oliver
Cromwell; Oliver Wendell Holmes; Oprah Winfrey; Osama bin Laden; Oscar Romero; Oscar Wilde; Otto von Bismarck; Pablo
Neruda; Pablo Picasso; Patrick Henry; Patrice Lumumba; Paul Cézanne; Paul Dirac; Paul Gauguin; Paul McCartney; Paul
Revere; Paul Samuelson; Peter Drucker; Peter Singer; Peter Tchaikovsky; Pierre Bourdieu; Pierre Curie; Pol Pot; Ponce
de León; Prince Charles; Queen Victoria; Queen Elizabeth; Rachel Carson; Ralph Nader; Ralph Waldo Emerson; Ray
Charles; René Descartes; Rene Descartes; Richard Dawkins; Richard Feynman; Richard Nixon; Richard Wagner; Robert
Boyle; Robert Burns; Robert E. Lee; Robert Frost; Robert Fulton; Robert Hooke; Robert Kennedy; Robert Koch; Robert La
Follette; Robert Merton; Robert Mugabe; Robert Nozick; Robert Oppenheimer; Robert Owen; Robert Peel; Roald Amundsen;
Roger Bacon; Roger Williams; Ronald Reagan; Rosa Luxemburg; Rosa Parks; Rosalind Franklin; Rudyard Kipling; Rupert
Murdoch; Rutherford Hayes; Ruth Benedict; Ruth Bader Ginsburg; Saddam Hussein; Salman Rushdie; Salvador Allende;
Salvador Dalí; Samuel Adams; Samuel Beckett; Samuel Gompers; Samuel Huntington; Samuel Johnson; Samuel Morse; Samuel
Taylor Coleridge; Sandra Day O'Connor; Sergei Prokofiev; Sherlock Holmes; Sigmund Freud; Simon Bolivar; Simón Bolívar;
Simone de Beauvoir; Sojourner Truth; Soren Kierkegaard; Søren Kierkegaard; Stephen Douglas; Stephen Hawking; Stephen
Jay Gould; Steve Jobs; Steve Wozniak; Steven Spielberg; Stevie Wonder; Subhas Chandra Bose; Sun Yat-sen; Susan B.
Anthony; Taylor Swift; Tiger Woods; Theodore Roosevelt; Thomas Aquinas; Thomas Edison; Thomas Gainsborough; Thomas
Hardy; Thomas Hobbes; Thomas Hunt Morgan; Thomas Jefferson; Thomas Kuhn; Thomas Malthus; Thomas Mann; Thomas More;
Thomas Nagel; Thomas Paine; Thomas Reid; Thurgood Marshall; Tom Cruise; Tom Hanks; Tony Blair; Toni Morrison; Ulysses
S. Grant; Ulysses Grant; Upton Sinclair; Vasco da Gama; Victor Hugo; Vincent van Gogh; Virginia Woolf; Vladimir Lenin;
Vladimir Nabokov; Vladimir Putin; Walt Disney; Walt Whitman; Walter Raleigh; Walter Scott; Warren Buffett; Warren
Harding; Werner Heisenberg; Whoopi Goldberg; Wilhelm Wundt; Will Smith; William Blake; William Bradford; William F.
Buckley; William Faulkner; William Gladstone; William Harvey; William Henry Harrison; William James; William Jennings
Bryan; William Lloyd Garrison; William McKinley; William Paley; William Penn; William Pitt; William Randolph Hearst;
William Shakespeare; William Taft; William Wilberforce; William Wordsworth; Winston Churchill; Wolfgang Amadeus
Mozart; Woodrow Wilson; Yasser Arafat; Yitzhak Rabin; Yuri Gagarin; Zhou Enlai; Zora Neale Hurston
`.trim();
