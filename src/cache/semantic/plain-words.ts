import { stemOf } from './words.ts';

/**
 * Words of English that say how something is asked and not what is asked for. Two questions may differ in them. Nothing here
 * negates, compares, counts or orders: such words are read for themselves. From general knowledge of English.
 */
const list = `
a an the this that these those there here it its it's itself he she they them their theirs his her him we us our ours you your yours
i i'm i'd i've i'll me my mine myself one one's someone somebody something anyone anybody anything everyone everybody thing things
is are was were be been being am isn't do does did doing done have has had having will would shall should can could may might must
of in on at to for with by about into onto upon as from and or but so if then than also too just only really actually exactly
what what's which who who's whom whose when where why how how's
please kindly hey hi hello thanks thank ok okay well quick quickly simple simply easy easily basically
tell explain describe show give list say know wondering wonder curious question ask asking help helping guide guidance instructions
instruction tutorial steps step walk talk way ways method methods procedure process approach possible possibly able need needs needed
want wants wanted like liked looking look find finding found out figure get gets getting got go going make making makes made let lets
use using used try trying tried take takes taking
best right proper properly correct correctly good recommended recommend recommendation advice idea ideas tips tip suggest
suggestion information info details detail answer fact facts name called call calls named known
currently now anymore still again already ever usually typically normally generally often commonly common
any some all each every such kind sort type types lot bit much many
when's where's let's that's there's you're they're we're
am'd gonna wanna gotta
feature option options setting settings menu function functionality
work works working happen happens happening mean means meaning meant
understand understood understanding learn
recipe recipes calculate compute
device person people someone user users
exact precise approximate approximately roughly around
`;

export const plainWords: ReadonlySet<string> = new Set(list.split(/\s+/).filter((word) => word !== ''));

/** Of the longer ones: their other forms are plain too. */
export const plainStems: ReadonlySet<string> = new Set(
  [...plainWords].filter((word) => word.length > 4).map(stemOf),
);

/** Words that say the same in a question, a line each; the first stands for all. */
const alike = `
fix repair solve resolve troubleshoot mend sort
begin start launch commence
stop end quit halt terminate
buy purchase
big large huge
small little tiny
fast quick rapid
begin start
delete remove erase
create make build
change modify alter edit adjust update
pick choose select
show display
photo picture image photograph pic
phone smartphone cellphone handset
car automobile vehicle
doctor physician
movie film
cost price fee
send mail
automatically auto
job position
begin onset
kid child children
infant baby newborn
grown-up adult
woman women
man men
house home
apartment flat
television tv
bike bicycle
require need
permit allow
error fault problem issue trouble
internet web online
screen display monitor
film movie
illness disease
shop store
grow cultivate
cook prepare
drug medicine medication
height elevation altitude
depth deepness
width breadth
length long duration time
distance far
weight weigh heavy
write author wrote written
paint painted painter
invent inventor invented
discover discovered discoverer
compose composer composed
direct director directed
die died death dead
born birth birthday
win won winner
build built construct constructed
found founded established
enable activate
disable deactivate
reboot restart
e-mail email
login log-in signin
wifi wi-fi
password passcode
maximum max
minimum min
kilometre kilometer km
metre meter
litre liter
gram g
kilogram kg kilo
colour color
favourite favorite
organise organize
cancel terminate
substitute replace replacement alternative instead
count number
amount quantity
location where located situated
fridge refrigerator
dad father
mum mom mother
stomach belly
ill sick
pay paid payment
lawyer attorney
begin began begun
freeze frozen froze
speak spoken spoke
fly flew flown flight flying
buy bought
sell sold
keep kept
lose lost losing missing
eat ate eaten
drink drank drunk
run ran running
swim swam swum
build built
drive drove driven
grow grew grown
break broke broken
steal stole stolen
teach taught
catch caught
bring brought
become became
hold held
fall fell fallen
rise risen
wear wore worn
throw threw thrown
hide hidden hid
ride rode ridden
sing sang sung
bite bitten bit
forget forgot forgotten
sleep slept
spend spent
lend lent
teach taught
permanently forever
exchange swap convert
currency money
undo revert
latest recent newest
boil boiling boiled
melt melting
`;

export const synonymOf: ReadonlyMap<string, string> = readAlike();

function readAlike(): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const line of alike.trim().split('\n')) {
    const [head = '', ...others] = line.split(' ');
    for (const word of others) if (!first.has(word)) first.set(word, head);
  }
  return first;
}
